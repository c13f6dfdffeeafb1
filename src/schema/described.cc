#include "schema/described.h"

#include <charconv>
#include <cmath>

namespace kriya::schema {

Error FieldErrors::as_error() && {
  std::string detail = errors_.size() == 1 ? "A field is not acceptable: " : "Some fields are not acceptable: ";
  for (std::size_t i = 0; i < errors_.size(); ++i) {
    if (i > 0) detail += "; ";
    detail += (errors_[i].field.empty() ? "the body" : errors_[i].field) + " " + errors_[i].message;
  }
  return Error{Errc::invalid_fields, detail + ".", std::move(errors_)};
}

const json::string* expect_string(const json::value& value, FieldErrors& errors) {
  if (!value.is_string()) errors.add("must be a string");
  return value.if_string();
}

const json::object* expect_object(const json::value& value, FieldErrors& errors) {
  if (!value.is_object()) errors.add("must be an object");
  return value.if_object();
}

const json::array* expect_array(const json::value& value, FieldErrors& errors) {
  if (!value.is_array()) errors.add("must be an array");
  return value.if_array();
}

void read_value(const json::value& value, bool& out, FieldErrors& errors) {
  if (const bool* found = value.if_bool()) {
    out = *found;
  } else {
    errors.add("must be true or false");
  }
}

void read_value(const json::value& value, std::int64_t& out, FieldErrors& errors) {
  if (const std::int64_t* found = value.if_int64()) {
    out = *found;
  } else {
    errors.add("must be a whole number");
  }
}

void read_value(const json::value& value, double& out, FieldErrors& errors) {
  boost::system::error_code no_number;
  const auto found = value.to_number<double>(no_number);
  if (!no_number && std::isfinite(found)) {
    out = found;
  } else {
    errors.add("must be a number");
  }
}

void read_value(const json::value& value, std::string& out, FieldErrors& errors) {
  if (const json::string* text = expect_string(value, errors)) out.assign(text->data(), text->size());
}

void read_value(const json::value& value, Timestamp& out, FieldErrors& errors) {
  const json::string* text = expect_string(value, errors);
  if (text == nullptr) return;
  if (const auto parsed = parse_rfc3339(*text)) {
    out = *parsed;
  } else {
    errors.add("must be an RFC 3339 time in UTC, like 2026-11-21T09:30:00Z");
  }
}

void read_value(const json::value& value, Uuid& out, FieldErrors& errors) {
  const json::string* text = expect_string(value, errors);
  if (text == nullptr) return;
  if (const auto parsed = Uuid::parse(*text)) {
    out = *parsed;
  } else {
    errors.add("must be a UUID");
  }
}

void read_value(const json::value& value, json::object& out, FieldErrors& errors) {
  if (const json::object* object = expect_object(value, errors)) out = *object;
}

void write_value(std::string& out, bool value) { out += value ? "true" : "false"; }
void write_value(std::string& out, std::int64_t value) { append_json_number(out, value); }

void write_value(std::string& out, double value) { append_json_double(out, value); }
void write_value(std::string& out, const std::string& value) { append_json_string(out, value); }

void write_value(std::string& out, Timestamp value) {
  out += '"';
  out += to_rfc3339(value);
  out += '"';
}

void write_value(std::string& out, const Uuid& value) {
  out += '"';
  out += value.str();
  out += '"';
}

void write_value(std::string& out, const json::object& value) { out += write_json(value); }

}  // namespace kriya::schema
