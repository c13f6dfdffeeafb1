#include "tools/tool_schema.h"

#include <stdexcept>
#include <string>

namespace kriya::tools {
namespace {

constexpr std::string_view kComponents = "#/components/schemas/";
constexpr std::string_view kDefinitions = "#/$defs/";

void refer_to_definitions(json::value& value) {
  if (json::object* object = value.if_object()) {
    for (auto& member : *object) {
      json::value& inner = member.value();
      if (member.key() == "$ref" && inner.is_string()) {
        const std::string_view target = inner.get_string();
        inner = std::string(kDefinitions).append(target.substr(kComponents.size()));
      } else {
        refer_to_definitions(inner);
      }
    }
  } else if (json::array* array = value.if_array()) {
    for (json::value& element : *array) refer_to_definitions(element);
  }
}

/// The object that a schema means: itself, or what it refers to, also where it may be null.
json::object* target_of(json::object& root, json::object& schema) {
  json::object* meant = &schema;
  if (json::value* either = schema.if_contains("anyOf")) meant = &either->as_array().at(0).as_object();
  const json::value* reference = meant->if_contains("$ref");
  if (reference == nullptr) return meant;
  const std::string_view name = std::string_view(reference->as_string()).substr(kDefinitions.size());
  return &root.at("$defs").as_object().at(name).as_object();
}

json::object* property_of(json::object& root, json::object& schema, std::string_view name) {
  json::value* properties = target_of(root, schema)->if_contains("properties");
  json::value* found = properties == nullptr ? nullptr : properties->as_object().if_contains(name);
  return found == nullptr ? nullptr : &found->as_object();
}

void describe(json::object& root, const FieldText& field) {
  json::object* schema = &root;
  std::string_view path = field.field;
  while (schema != nullptr && !path.empty()) {
    const std::size_t dot = path.find('.');
    schema = property_of(root, *schema, path.substr(0, dot));
    path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
  }
  if (schema == nullptr) throw std::logic_error("no argument " + std::string(field.field) + " to describe");
  std::string text(field.text);
  // A value type says of itself how it is written; that stays.
  if (const json::value* own = schema->if_contains("description")) {
    text.append(" (").append(std::string_view(own->as_string())).append(")");
  }
  (*schema)["description"] = text;
}

}  // namespace

json::object self_contained(json::object schema, json::object components, const std::vector<FieldText>& fields) {
  if (const json::value* required = schema.if_contains("required"); required && required->as_array().empty()) {
    schema.erase("required");
  }
  if (!components.empty()) schema["$defs"] = std::move(components);
  json::value whole(std::move(schema));
  refer_to_definitions(whole);
  json::object result = std::move(whole.as_object());
  for (const FieldText& field : fields) describe(result, field);
  return result;
}

}  // namespace kriya::tools
