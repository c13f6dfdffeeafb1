// The texts of templates/, which are part of the binary (cmake/embed_templates.cmake).
#pragma once

#include <span>
#include <string_view>

namespace kriya::verification {

struct BuiltInTemplate {
  std::string_view locale;  // "en"
  std::string_view json;
};

std::span<const BuiltInTemplate> built_in_templates();

}  // namespace kriya::verification
