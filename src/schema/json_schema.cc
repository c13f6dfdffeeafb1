#include "schema/json_schema.h"

namespace kriya::schema {

json::object Components::nullable(json::object schema) {
  if (schema.contains("$ref")) return {{"anyOf", {std::move(schema), {{"type", "null"}}}}};
  schema["type"] = json::array{schema.at("type"), "null"};
  if (json::value* words = schema.if_contains("enum")) words->as_array().emplace_back(nullptr);
  return schema;
}

}  // namespace kriya::schema
