// JSON Schema (2020-12, the dialect of OpenAPI 3.1) of described structs.
#pragma once

#include "schema/described.h"

namespace kriya::schema {

/// Collects the schemas of described structs under their type names, as `components.schemas` of an OpenAPI document.
class Components {
 public:
  /// A schema of T: a `$ref` for a described struct, whose schema is added once; inline for everything else.
  template <class T>
  json::object schema_of() {
    if constexpr (is_optional<T>) {
      return nullable(schema_of<typename T::value_type>());
    } else if constexpr (is_vector<T>) {
      return {{"type", "array"}, {"items", schema_of<typename T::value_type>()}};
    } else if constexpr (std::is_same_v<T, bool>) {
      return {{"type", "boolean"}};
    } else if constexpr (std::is_same_v<T, std::int64_t>) {
      return {{"type", "integer"}, {"format", "int64"}};
    } else if constexpr (std::is_same_v<T, double>) {
      return {{"type", "number"}};
    } else if constexpr (std::is_same_v<T, std::string>) {
      return {{"type", "string"}};
    } else if constexpr (std::is_same_v<T, Timestamp>) {
      return {{"type", "string"}, {"format", "date-time"}, {"examples", {"2026-11-21T09:30:00Z"}}};
    } else if constexpr (std::is_same_v<T, Uuid>) {
      return {{"type", "string"}, {"format", "uuid"}, {"examples", {"019aa5f4-7c00-7a3e-9d53-0d5c1b2e4f60"}}};
    } else if constexpr (std::is_same_v<T, json::object>) {
      return {{"type", "object"}};
    } else if constexpr (DescribedEnum<T>) {
      json::array words;
      for_each_word<T>([&](std::string_view word, T) { words.emplace_back(word); });
      return {{"type", "string"}, {"enum", std::move(words)}};
    } else if constexpr (TextValue<T>) {
      return text_schema<T>();
    } else {
      const std::string name(type_name<T>());
      if (!schemas_.contains(name)) schemas_[name] = object_schema<T>(name);
      return {{"$ref", "#/components/schemas/" + name}};
    }
  }

  /// The schema of a described struct itself, without an entry of its own.
  template <Described T>
  json::object inline_schema_of() {
    return properties_schema<T>();
  }

  json::object take() && { return std::move(schemas_); }

 private:
  static json::object nullable(json::object schema);

  template <TextValue T>
  static json::object text_schema() {
    json::object schema{{"type", "string"}, {"description", T::kDescription}, {"examples", {T::kExample}}};
    if constexpr (requires { T::kMinLength; }) schema["minLength"] = T::kMinLength;
    if constexpr (requires { T::kMaxLength; }) schema["maxLength"] = T::kMaxLength;
    if constexpr (requires { T::kFormat; }) schema["format"] = T::kFormat;
    if constexpr (requires { T::kPattern; }) schema["pattern"] = T::kPattern;
    return schema;
  }

  template <Described T>
  json::object object_schema(const std::string& name) {
    schemas_[name] = nullptr;  // a struct that holds itself refers to this entry
    return properties_schema<T>();
  }

  template <Described T>
  json::object properties_schema() {
    json::object properties;
    json::array required;
    for_each_member<T>([&](auto member) {
      using Member = std::remove_cvref_t<decltype(std::declval<T&>().*member.pointer)>;
      properties[json_name(member.name)] = schema_of<Member>();
      if (!is_optional<Member>) required.emplace_back(json_name(member.name));
    });
    return {{"type", "object"}, {"properties", std::move(properties)}, {"required", std::move(required)}};
  }

  /// "RegisterRequest" for kriya::identity::RegisterRequest: the compiler's own spelling without the namespaces.
  template <class T>
  static constexpr std::string_view type_name() {
    std::string_view name = __PRETTY_FUNCTION__;
    name = name.substr(name.find("T = ") + 4);
    name = name.substr(0, name.find_first_of("];"));
    const std::size_t scope = name.rfind("::");
    return scope == std::string_view::npos ? name : name.substr(scope + 2);
  }

  json::object schemas_;
};

}  // namespace kriya::schema
