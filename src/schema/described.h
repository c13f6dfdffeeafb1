// Structs described once (BOOST_DESCRIBE_STRUCT) are read from JSON, written to JSON, and explained as JSON Schema.
//
// A member may be: bool, std::int64_t, double (finite), std::string, Timestamp, Uuid, a value type (see TextValue), a
// described enum (BOOST_DESCRIBE_ENUM; its words are the enumerators), json::object (taken as it is), another described
// struct, or std::optional / std::vector of these. An optional member may be absent or null; all others are required. A
// name that is a C++ keyword gets an underscore at its end, which the JSON does not have: `template_` is "template".
//
// A struct with `static constexpr bool kOmitEmpty = true` is written without its empty optionals; in any other they are
// null, so that every member is always there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <boost/describe.hpp>
#include <boost/mp11/algorithm.hpp>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "base/time.h"
#include "base/uuid.h"

namespace kriya::schema {

/// A type that reads itself from text, says in words what is wrong, and carries its own documentation.
template <class T>
concept TextValue = requires(const T value, std::string_view text) {
  { T::parse(text) } -> std::same_as<Parsed<T>>;
  { value.str() } -> std::convertible_to<std::string>;
  { T::kExample } -> std::convertible_to<std::string_view>;
  { T::kDescription } -> std::convertible_to<std::string_view>;
};

template <class T>
concept Described = boost::describe::has_describe_members<T>::value;

template <class T>
concept DescribedEnum = std::is_enum_v<T> && boost::describe::has_describe_enumerators<T>::value;

/// The name in JSON of a C++ member or enumerator.
constexpr std::string_view json_name(const char* name) {
  const std::string_view text(name);
  return text.ends_with('_') ? text.substr(0, text.size() - 1) : text;
}

template <class T>
constexpr bool omits_empty = requires { requires T::kOmitEmpty; };

template <class T>
struct optional_of : std::false_type {};
template <class T>
struct optional_of<std::optional<T>> : std::true_type {};
template <class T>
constexpr bool is_optional = optional_of<T>::value;

template <class T>
struct vector_of : std::false_type {};
template <class T>
struct vector_of<std::vector<T>> : std::true_type {};
template <class T>
constexpr bool is_vector = vector_of<T>::value;

template <DescribedEnum T, class Visitor>
void for_each_word(Visitor visitor) {
  boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>(
      [&](auto one) { visitor(json_name(one.name), one.value); });
}

/// "sms" for Channel::sms.
template <DescribedEnum T>
std::string_view word_of(T value) {
  std::string_view word;
  for_each_word<T>([&](std::string_view name, T one) {
    if (one == value) word = name;
  });
  return word;
}

/// The enumerator of a word; nullopt when it is none.
template <DescribedEnum T>
std::optional<T> parse_word(std::string_view text) {
  std::optional<T> found;
  for_each_word<T>([&](std::string_view name, T one) {
    if (name == text) found = one;
  });
  return found;
}

template <class T, class Visitor>
void for_each_member(Visitor visitor) {
  boost::mp11::mp_for_each<boost::describe::describe_members<T, boost::describe::mod_public>>(visitor);
}

/// Collects every bad field of a document under its path ("user.email", "items[2].name").
class FieldErrors {
 public:
  void add(std::string message) { errors_.push_back({path_, std::move(message)}); }

  template <class Inner>
  void inside(std::string_view member, Inner inner) {
    const std::size_t outer = path_.size();
    if (!path_.empty() && member.front() != '[') path_ += '.';
    path_ += member;
    inner();
    path_.resize(outer);
  }

  bool empty() const { return errors_.empty(); }
  Error as_error() &&;

 private:
  std::string path_;
  std::vector<FieldError> errors_;
};

/// The string behind `value`, or nullptr after noting the error.
const json::string* expect_string(const json::value& value, FieldErrors& errors);
const json::object* expect_object(const json::value& value, FieldErrors& errors);
const json::array* expect_array(const json::value& value, FieldErrors& errors);
void read_value(const json::value& value, bool& out, FieldErrors& errors);
void read_value(const json::value& value, std::int64_t& out, FieldErrors& errors);
void read_value(const json::value& value, double& out, FieldErrors& errors);
void read_value(const json::value& value, std::string& out, FieldErrors& errors);
void read_value(const json::value& value, Timestamp& out, FieldErrors& errors);
void read_value(const json::value& value, Uuid& out, FieldErrors& errors);
void read_value(const json::value& value, json::object& out, FieldErrors& errors);

template <DescribedEnum T>
void read_value(const json::value& value, T& out, FieldErrors& errors) {
  const json::string* text = value.if_string();
  if (const auto found = text == nullptr ? std::nullopt : parse_word<T>(*text)) {
    out = *found;
    return;
  }
  std::string words;
  for_each_word<T>([&](std::string_view name, T) { words += (words.empty() ? "" : ", ") + std::string(name); });
  errors.add("must be one of " + words);
}

template <Described T>
void read_members(const json::object& object, T& out, FieldErrors& errors);

template <class T>
void read_value(const json::value& value, T& out, FieldErrors& errors) {
  if constexpr (is_optional<T>) {
    if (!value.is_null()) read_value(value, out.emplace(), errors);
  } else if constexpr (is_vector<T>) {
    const json::array* array = expect_array(value, errors);
    for (std::size_t i = 0; array != nullptr && i < array->size(); ++i) {
      errors.inside("[" + std::to_string(i) + "]", [&] { read_value((*array)[i], out.emplace_back(), errors); });
    }
  } else if constexpr (TextValue<T>) {
    const json::string* text = expect_string(value, errors);
    if (text == nullptr) return;
    if (auto parsed = T::parse(*text)) {
      out = *std::move(parsed);
    } else {
      errors.add(std::move(parsed.error()));
    }
  } else {
    static_assert(Described<T>, "describe the struct with BOOST_DESCRIBE_STRUCT");
    if (const json::object* object = expect_object(value, errors)) read_members(*object, out, errors);
  }
}

/// Reads the members of a described struct.
template <Described T>
void read_members(const json::object& object, T& out, FieldErrors& errors) {
  for_each_member<T>([&](auto member) {
    using Member = std::remove_cvref_t<decltype(out.*member.pointer)>;
    errors.inside(json_name(member.name), [&] {
      const json::value* found = object.if_contains(json_name(member.name));
      if (found == nullptr || (found->is_null() && !is_optional<Member>)) {
        if (!is_optional<Member>) errors.add("is required");
      } else {
        read_value(*found, out.*member.pointer, errors);
      }
    });
  });
}

/// Reads a described struct. Unknown members are ignored. Errors: invalid_fields, naming every bad field.
template <Described T>
Result<T> read(const json::value& value) {
  T out{};
  FieldErrors errors;
  read_value(value, out, errors);
  if (!errors.empty()) return fail(std::move(errors).as_error());
  return out;
}

void write_value(std::string& out, bool value);
void write_value(std::string& out, std::int64_t value);
void write_value(std::string& out, double value);  // the shortest text that reads back as the same; finite
void write_value(std::string& out, const std::string& value);
void write_value(std::string& out, Timestamp value);
void write_value(std::string& out, const Uuid& value);
void write_value(std::string& out, const json::object& value);

/// Appends the JSON text of a value.
template <class T>
void write_value(std::string& out, const T& value) {
  if constexpr (is_optional<T>) {
    if (value) {
      write_value(out, *value);
    } else {
      out += "null";
    }
  } else if constexpr (is_vector<T>) {
    char separator = '[';
    for (const auto& element : value) {
      out += separator;
      write_value(out, element);
      separator = ',';
    }
    out += separator == '[' ? "[]" : "]";
  } else if constexpr (DescribedEnum<T>) {
    append_json_string(out, word_of(value));
  } else if constexpr (TextValue<T>) {
    append_json_string(out, value.str());
  } else {
    static_assert(Described<T>, "describe the struct with BOOST_DESCRIBE_STRUCT");
    char separator = '{';
    for_each_member<T>([&](auto member) {
      using Member = std::remove_cvref_t<decltype(value.*member.pointer)>;
      if constexpr (omits_empty<T> && is_optional<Member>) {
        if (!(value.*member.pointer)) return;
      }
      out += separator;
      out += '"';
      out += json_name(member.name);
      out += "\":";
      write_value(out, value.*member.pointer);
      separator = ',';
    });
    out += separator == '{' ? "{}" : "}";
  }
}

template <Described T>
std::string write(const T& value) {
  std::string out;
  write_value(out, value);
  return out;
}

}  // namespace kriya::schema
