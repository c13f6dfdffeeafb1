#include "audit/redaction.h"

#include <algorithm>

#include <boost/json/serialize.hpp>

#include "audit/secret_names.h"
#include "audit/text_redaction.h"
#include "audit/tool_call_lines.h"
#include "base/text.h"

namespace kriya::audit {
namespace {

constexpr std::size_t kLongestLook = 64 * 1024;  // of a result: what is kept, and enough behind it to know its end

bool is_empty(const json::value& value) {
  if (value.is_null() || value.is_bool()) return true;
  if (const auto* text = value.if_string()) return text->empty() || *text == json::string_view(kRedacted);
  if (const auto* array = value.if_array()) return array->empty();
  if (const auto* object = value.if_object()) return object->empty();
  return false;
}

/// "123456", "G-123456", "AB12CD", 123456: what a person copies from a message. Words are none.
bool looks_like_code(const json::value& value) {
  if (value.is_uint64()) return true;
  if (const auto* number = value.if_int64()) return *number >= 0;
  const auto* text = value.if_string();
  if (text == nullptr || text->empty() || text->size() > 32) return false;
  const auto upper = [](char c) { return (c >= 'A' && c <= 'Z') || c == '-' || c == ' '; };
  const bool has_digit = std::ranges::any_of(*text, [](char c) { return c >= '0' && c <= '9'; });
  const bool separated = text->find('_') != json::string::npos;
  return (has_digit && !separated) || std::ranges::all_of(*text, upper);
}

bool is_secret(NameKind kind, const json::value& value) {
  switch (kind) {
    case NameKind::secret:
      return !is_empty(value);
    case NameKind::token:
      return !is_empty(value) && !value.is_number();
    case NameKind::code:
      return !is_empty(value) && looks_like_code(value);
    case NameKind::phone:
    case NameKind::harmless:
      return false;
  }
  return false;
}

/// The number masked; empty when the value is no number.
std::string masked_number(const json::value& value) {
  if (const auto* number = value.if_int64()) return *number > 0 ? mask_phone(std::to_string(*number)) : std::string();
  const auto* text = value.if_string();
  if (text == nullptr || text->size() > 64) return {};
  const bool number_alone = text->find_first_not_of("+0123456789 -.()tel:TEL") == json::string::npos;
  return number_alone ? mask_phone(*text) : std::string();
}

/// Long texts are cut, and what is still too long becomes the beginning of its text.
json::value shortened(const json::value& value) {
  if (const auto* text = value.if_string(); text != nullptr && text->size() > Redaction::kLongestText) {
    return json::value(std::string(cut(*text, Redaction::kLongestText)) + "… [cut: " + std::to_string(text->size()) +
                       " bytes]");
  }
  if (const auto* array = value.if_array()) {
    json::array out;
    for (const json::value& element : *array) out.push_back(shortened(element));
    return out;
  }
  if (const auto* object = value.if_object()) {
    json::object out;
    for (const auto& member : *object) out.emplace(member.key(), shortened(member.value()));
    return out;
  }
  return value;
}

}  // namespace

void Redaction::apply(ToolCallEntry& entry, std::span<const std::string> secret_arguments) const {
  const std::size_t argument_bytes = json::serialize(entry.arguments).size();
  entry.argument_bytes = static_cast<std::int64_t>(argument_bytes);
  entry.result_bytes = static_cast<std::int64_t>(entry.result.size());
  entry.redactions = 0;
  entry.arguments = arguments(entry.arguments, secret_arguments, entry.redactions);
  entry.metadata = arguments(entry.metadata, {}, entry.redactions);
  if (argument_bytes > kLongestText) entry.arguments = shortened(entry.arguments).as_object();
  if (argument_bytes > kLongestArguments) {
    const std::string all = json::serialize(entry.arguments);
    if (all.size() > kLongestArguments) {
      entry.arguments = {{"[cut]", std::string(cut(all, kLongestArguments / 2)) + "…"}};
    }
  }
  const std::string_view looked_at = cut(entry.result, kLongestLook);
  std::string result = well_formed(text(looked_at, entry.redactions));
  if (result.size() > kLongestResult || looked_at.size() < entry.result.size()) {
    result = std::string(cut(result, kLongestResult)) + "… [cut: " + std::to_string(entry.result_bytes) + " bytes]";
  }
  entry.result = std::move(result);
}

json::object Redaction::arguments(const json::object& given, std::span<const std::string> secret_arguments,
                                  std::int64_t& redactions) const {
  json::object out;
  for (const auto& one : given) {
    out.emplace(one.key(), member(one.key(), one.value(), secret_arguments, redactions));
  }
  return out;
}

json::value Redaction::member(std::string_view name, const json::value& given,
                              std::span<const std::string> secret_names, std::int64_t& redactions) const {
  const bool named =
      std::ranges::any_of(secret_names, [&](const std::string& secret) { return equals_ignoring_case(name, secret); });
  const NameKind kind = kind_of_name(name);
  if ((named && !(given.is_string() && is_empty(given))) || is_secret(kind, given)) {
    ++redactions;
    return json::value(json::string_view(kRedacted));
  }
  if (kind == NameKind::phone && mask_phones_) {
    if (const std::string masked = masked_number(given); !masked.empty()) {
      ++redactions;
      return json::value(masked);
    }
  }
  // A list of codes or numbers has its name before it.
  if (const auto* list = given.if_array(); list != nullptr && kind != NameKind::harmless) {
    json::array out;
    for (const json::value& element : *list) out.push_back(member(name, element, secret_names, redactions));
    return out;
  }
  return value(given, secret_names, redactions);
}

json::value Redaction::value(const json::value& given, std::span<const std::string> secret_names,
                             std::int64_t& redactions) const {
  if (const auto* string = given.if_string()) return json::value(text(*string, redactions));
  if (const auto* object = given.if_object()) return arguments(*object, secret_names, redactions);
  if (const auto* array = given.if_array()) {
    json::array out;
    for (const json::value& element : *array) out.push_back(value(element, secret_names, redactions));
    return out;
  }
  return given;
}

std::string Redaction::text(std::string_view given, std::int64_t& redactions) const {
  const std::size_t first = given.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && (given[first] == '{' || given[first] == '[')) {
    if (const auto document = parse_json(given)) {
      std::int64_t found = 0;
      const json::value clean = value(*document, {}, found);
      redactions += found;
      return found == 0 ? std::string(given) : json::serialize(clean);
    }
  }
  return redact_text(given, mask_phones_, redactions);
}

}  // namespace kriya::audit
