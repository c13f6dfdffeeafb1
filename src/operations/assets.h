// Files that were put into the binary at build time.
#pragma once

#include <span>
#include <string_view>

namespace kriya::operations {

struct Asset {
  std::string_view name;  // "swagger-ui.css"
  std::string_view plain;
  std::string_view gzip;
};

std::span<const Asset> embedded_assets();

}  // namespace kriya::operations
