#include "mcp/client/header_parameters.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "base/text.h"
#include "mcp/client/failures.h"
#include "mcp/protocol.h"

namespace kriya::mcp::client {
namespace {

constexpr std::string_view kKeyword = "x-mcp-header";
constexpr std::int64_t kMostSafe = 9'007'199'254'740'991;  // 2^53 - 1: what every JSON reader keeps exactly

/// RFC 9110 section 5.6.2.
bool is_token(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [kMarks](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

bool is_allowed_type(std::string_view type) { return type == "string" || type == "integer" || type == "boolean"; }

/// One of the allowed types, or such a list of it and null.
bool has_allowed_type(const json::object& schema) {
  const json::value* type = schema.if_contains("type");
  if (type == nullptr) return false;
  if (const json::string* word = type->if_string()) return is_allowed_type(*word);
  const json::array* words = type->if_array();
  if (words == nullptr) return false;
  int allowed = 0;
  for (const json::value& word : *words) {
    if (!word.is_string()) return false;
    if (is_allowed_type(word.get_string()))
      ++allowed;
    else if (word.get_string() != "null")
      return false;
  }
  return allowed == 1;
}

/// Walks a schema; what it finds wrong ends the walk.
class Search {
 public:
  /// `path` none: this schema cannot be reached by `properties` alone.
  Result<void> schema(const json::object& schema, std::optional<std::vector<std::string>> path) {
    for (const auto& [key, value] : schema) {
      Result<void> done;
      if (key == kKeyword) {
        done = take(schema, value, path);
      } else if (holds_named_schemas(key)) {
        done = named(value, key == "properties" ? path : std::nullopt);
      } else if (!holds_instances(key)) {
        done = other(value);
      }
      if (!done) return done;
    }
    return {};
  }

  std::vector<HeaderParameter> found;

 private:
  static bool holds_named_schemas(std::string_view key) {
    constexpr std::array kKeys{"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"};
    return std::ranges::find(kKeys, key) != kKeys.end();
  }
  static bool holds_instances(std::string_view key) {
    constexpr std::array kKeys{"const", "default", "enum", "examples"};
    return std::ranges::find(kKeys, key) != kKeys.end();
  }

  Result<void> named(const json::value& schemas, const std::optional<std::vector<std::string>>& path) {
    if (!schemas.is_object()) return {};
    for (const auto& [name, value] : schemas.get_object()) {
      if (!value.is_object()) continue;
      std::optional<std::vector<std::string>> below = path;
      if (below) below->emplace_back(name);
      if (auto done = schema(value.get_object(), std::move(below)); !done) return done;
    }
    return {};
  }

  Result<void> other(const json::value& value) {
    if (const json::object* object = value.if_object()) return schema(*object, std::nullopt);
    if (const json::array* array = value.if_array()) {
      for (const json::value& element : *array) {
        if (auto done = other(element); !done) return done;
      }
    }
    return {};
  }

  Result<void> take(const json::object& schema, const json::value& value,
                    const std::optional<std::vector<std::string>>& path) {
    const json::string* name = value.if_string();
    if (name == nullptr || !is_token(*name)) return fail(Errc::bad_request, "x-mcp-header is no name of a header");
    if (!path || path->empty()) {
      return fail(Errc::bad_request, "x-mcp-header stands where no argument can be found");
    }
    if (!has_allowed_type(schema)) {
      return fail(Errc::bad_request, "x-mcp-header is only for texts, whole numbers and booleans");
    }
    std::string header = std::string(header::kParamPrefix) + std::string(*name);
    const bool taken = std::ranges::any_of(
        found, [&](const HeaderParameter& other) { return equals_ignoring_case(other.header, header); });
    if (taken) return fail(Errc::bad_request, "x-mcp-header names one header twice");
    found.push_back({std::move(header), *path});
    return {};
  }
};

const json::value* at_path(const json::object& arguments, const std::vector<std::string>& path) {
  const json::object* within = &arguments;
  for (std::size_t step = 0; step < path.size(); ++step) {
    const json::value* value = within->if_contains(path[step]);
    if (value == nullptr || step + 1 == path.size()) return value;
    within = value->if_object();
    if (within == nullptr) return nullptr;
  }
  return nullptr;
}

/// Nullopt: it has no text that every reader agrees upon.
std::optional<std::string> whole_number_text(const json::value& value) {
  std::int64_t number = 0;
  if (value.is_int64()) {
    number = value.get_int64();
  } else if (const double* real = value.if_double();
             real != nullptr && std::abs(*real) <= static_cast<double>(kMostSafe) && std::trunc(*real) == *real) {
    number = static_cast<std::int64_t>(*real);
  } else {
    return std::nullopt;
  }
  if (number > kMostSafe || number < -kMostSafe) return std::nullopt;
  return std::to_string(number);
}

}  // namespace

Result<std::vector<HeaderParameter>> header_parameters(const json::object& input_schema) {
  Search search;
  if (auto done = search.schema(input_schema, std::vector<std::string>()); !done) return fail(done.error());
  return std::move(search.found);
}

Result<http::client::Headers> parameter_headers(const std::vector<HeaderParameter>& parameters,
                                                const json::object& arguments) {
  http::client::Headers headers;
  for (const HeaderParameter& parameter : parameters) {
    const json::value* value = at_path(arguments, parameter.path);
    if (value == nullptr || value->is_null()) continue;
    if (const json::string* text = value->if_string()) {
      headers.emplace_back(parameter.header, encode_header_value(*text));
    } else if (const bool* truth = value->if_bool()) {
      headers.emplace_back(parameter.header, *truth ? "true" : "false");
    } else if (value->is_number()) {
      auto number = whole_number_text(*value);
      if (!number) {
        return fail(Errc::invalid_fields, cited(parameter.path.back()) + " must be a whole number of at most 2^53.");
      }
      headers.emplace_back(parameter.header, *std::move(number));
    }
  }
  return headers;
}

}  // namespace kriya::mcp::client
