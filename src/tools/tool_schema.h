// The schemas of tools: JSON Schema 2020-12 that refers to nothing outside itself.
#pragma once

#include <string_view>
#include <vector>

#include "base/json.h"

namespace kriya::tools {

/// What a field means, for a model.
struct FieldText {
  std::string_view field;  // "phone_number", "media.url"
  std::string_view text;
};

/// Moves the schemas that `schema` refers to (`components`, by schema::Components) into its `$defs`, and describes
/// fields. Throws std::logic_error for a field that there is not.
json::object self_contained(json::object schema, json::object components, const std::vector<FieldText>& fields);

}  // namespace kriya::tools
