// Reading providers' JSON, which is looser than their documents: numbers as strings, fields absent or null, names with
// white space at the end.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"

namespace kriya::messaging {

/// One object, or none: everything is absent from none. A view into a document that must outlive it.
class Fields {
 public:
  Fields() = default;
  explicit Fields(const json::value* value) : object_(value == nullptr ? nullptr : value->if_object()) {}

  bool exist() const { return object_ != nullptr; }
  bool has(std::string_view name) const { return find(name) != nullptr; }

  /// The member of that name, white space around the name aside; nullptr when absent or null.
  const json::value* find(std::string_view name) const;

  Fields object(std::string_view name) const { return Fields(find(name)); }

  /// Nullptr unless the member is an array.
  const json::array* array(std::string_view name) const;

  /// A string, or a number as text; "" for everything else. Cut after 256 bytes, at a character's border.
  std::string text(std::string_view name) const;

  /// The same, nothing for an empty one.
  std::optional<std::string> some_text(std::string_view name) const;

  /// A whole number, also written as a string.
  std::optional<std::int64_t> number(std::string_view name) const;

  /// true or false, also written as a string in any case.
  std::optional<bool> boolean(std::string_view name) const;

 private:
  const json::object* object_ = nullptr;
};

std::optional<std::int64_t> number_of(const json::value& value);

}  // namespace kriya::messaging
