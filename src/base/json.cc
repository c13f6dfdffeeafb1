#include "base/json.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/src.hpp>

namespace kriya {
namespace {

constexpr std::size_t kMaxDepth = 32;

/// Builds the document and counts the members as written. Boost.JSON lets the last of two equal names win, so a
/// document with fewer members than were written had a duplicate.
struct CountingHandler {
  constexpr static std::size_t max_array_size = std::numeric_limits<std::size_t>::max();
  constexpr static std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
  constexpr static std::size_t max_string_size = std::numeric_limits<std::size_t>::max();
  constexpr static std::size_t max_key_size = std::numeric_limits<std::size_t>::max();

  json::value_stack stack;
  std::size_t members_written = 0;

  using Code = boost::system::error_code;
  bool on_document_begin(Code&) { return true; }
  bool on_document_end(Code&) { return true; }
  bool on_object_begin(Code&) { return true; }
  bool on_object_end(std::size_t n, Code&) { return members_written += n, stack.push_object(n), true; }
  bool on_array_begin(Code&) { return true; }
  bool on_array_end(std::size_t n, Code&) { return stack.push_array(n), true; }
  bool on_key_part(json::string_view s, std::size_t, Code&) { return stack.push_chars(s), true; }
  bool on_key(json::string_view s, std::size_t, Code&) { return stack.push_key(s), true; }
  bool on_string_part(json::string_view s, std::size_t, Code&) { return stack.push_chars(s), true; }
  bool on_string(json::string_view s, std::size_t, Code&) { return stack.push_string(s), true; }
  bool on_number_part(json::string_view, Code&) { return true; }
  bool on_int64(std::int64_t i, json::string_view, Code&) { return stack.push_int64(i), true; }
  bool on_uint64(std::uint64_t u, json::string_view, Code&) { return stack.push_uint64(u), true; }
  bool on_double(double d, json::string_view, Code& ec) {
    if (!std::isfinite(d)) ec = json::error::exponent_overflow;  // 1e999: no double, and no JSON when written again
    return !ec && (stack.push_double(d), true);
  }
  bool on_bool(bool b, Code&) { return stack.push_bool(b), true; }
  bool on_null(Code&) { return stack.push_null(), true; }
  bool on_comment_part(json::string_view, Code&) { return true; }
  bool on_comment(json::string_view, Code&) { return true; }
};

template <class List, class Each>
void append_list(std::string& out, char open, char close, const List& list, Each each) {
  out += open;
  bool first = true;
  for (const auto& element : list) {
    if (!std::exchange(first, false)) out += ',';
    each(element);
  }
  out += close;
}

void append(std::string& out, const json::value& value);

void append(std::string& out, const json::array& array) {
  append_list(out, '[', ']', array, [&](const json::value& element) { append(out, element); });
}

void append(std::string& out, const json::object& object) {
  append_list(out, '{', '}', object, [&](const json::key_value_pair& member) {
    append_json_string(out, member.key());
    out += ':';
    append(out, member.value());
  });
}

void append(std::string& out, const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      out += "null";
      break;
    case json::kind::bool_:
      out += value.get_bool() ? "true" : "false";
      break;
    case json::kind::int64:
      append_json_number(out, value.get_int64());
      break;
    case json::kind::uint64:
      out += std::to_string(value.get_uint64());
      break;
    case json::kind::double_:
      append_json_double(out, value.get_double());
      break;
    case json::kind::string:
      append_json_string(out, value.get_string());
      break;
    case json::kind::array:
      append(out, value.get_array());
      break;
    case json::kind::object:
      append(out, value.get_object());
      break;
  }
}

std::size_t count_members(const json::value& value) {
  std::size_t count = 0;
  if (const auto* object = value.if_object()) {
    count = object->size();
    for (const auto& member : *object) count += count_members(member.value());
  } else if (const auto* array = value.if_array()) {
    for (const auto& element : *array) count += count_members(element);
  }
  return count;
}

}  // namespace

Result<json::value> parse_json(std::string_view text) {
  json::parse_options options;
  options.max_depth = kMaxDepth;
  json::basic_parser<CountingHandler> parser(options);
  // One block for the whole document, gone with it: documents here are read once and never changed.
  parser.handler().stack.reset(json::make_shared_resource<json::monotonic_resource>(2 * text.size() + 256));
  boost::system::error_code ec;
  const std::size_t read = parser.write_some(false, text.data(), text.size(), ec);
  if (ec) return fail(Errc::invalid_json, "Not valid JSON at byte " + std::to_string(read) + ": " + ec.message() + ".");
  if (text.substr(read).find_first_not_of(" \t\r\n") != std::string_view::npos) {
    return fail(Errc::invalid_json,
                "Not valid JSON: more text follows the document at byte " + std::to_string(read) + ".");
  }
  json::value document = parser.handler().stack.release();
  if (count_members(document) != parser.handler().members_written) {
    return fail(Errc::invalid_json, "Not acceptable JSON: an object names the same member twice.");
  }
  return document;
}

const json::object* object_member(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value == nullptr ? nullptr : value->if_object();
}

const json::array* array_member(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value == nullptr ? nullptr : value->if_array();
}

const json::string* string_member(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value == nullptr ? nullptr : value->if_string();
}

std::string_view text_member(const json::object& object, std::string_view name) {
  const json::string* text = string_member(object, name);
  return text == nullptr ? std::string_view() : std::string_view(*text);
}

void append_json_string(std::string& out, std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  out += '"';
  // Nearly all text needs no escape: it is copied in runs, up to the next character that does.
  std::size_t copied = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte >= 0x20 && byte != '"' && byte != '\\') continue;
    out.append(text, copied, i - copied);
    copied = i + 1;
    switch (byte) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        out += "\\u00";
        out += digits[byte >> 4];
        out += digits[byte & 15];
    }
  }
  out.append(text, copied);
  out += '"';
}

void append_json_number(std::string& out, std::int64_t number) {
  char text[24];
  const auto [end, error] = std::to_chars(text, text + sizeof(text), number);
  out.append(text, end);
}

void append_json_double(std::string& out, double number) {
  if (!std::isfinite(number)) {  // a bug of whoever made it, and no reason to write what is no JSON
    out += "null";
    return;
  }
  char text[32];
  const auto [end, error] = std::to_chars(text, text + sizeof(text), number);
  out.append(text, end);
}

std::string write_json(const json::value& value) {
  std::string out;
  append(out, value);
  return out;
}

std::string write_json(const json::object& object) {
  std::string out;
  append(out, object);
  return out;
}

std::string write_json(const json::array& array) {
  std::string out;
  append(out, array);
  return out;
}

}  // namespace kriya
