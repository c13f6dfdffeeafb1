// Reading JSON from outside, strictly; writing JSON text without a document in between.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <boost/json/value.hpp>

#include "base/error.h"

namespace kriya {

namespace json = boost::json;

/// Parses one JSON text (RFC 8259): UTF-8, at most 32 levels deep, no trailing bytes, and no member name twice in an
/// object (RFC 8725 section 2.4 and I-JSON: readers differ on which one wins). Errors: invalid_json, whose detail names
/// the byte offset and never quotes the input.
Result<json::value> parse_json(std::string_view text);

/// The value of a member, or null where there is none or where it has another type. For reading without noise.
const json::object* object_member(const json::object& object, std::string_view name);
const json::array* array_member(const json::object& object, std::string_view name);
const json::string* string_member(const json::object& object, std::string_view name);

/// The text of a member; empty where there is none or where it has another type. It lives as long as the object.
std::string_view text_member(const json::object& object, std::string_view name);

/// Appends `text` as a JSON string. The text must be UTF-8.
void append_json_string(std::string& out, std::string_view text);

void append_json_number(std::string& out, std::int64_t number);

/// The shortest text that reads back as the same, as people write it: 0.1, where Boost.JSON writes 1E-1. Finite.
void append_json_double(std::string& out, double number);

/// The text of a document, in one line.
std::string write_json(const json::value& value);
std::string write_json(const json::object& object);
std::string write_json(const json::array& array);

}  // namespace kriya
