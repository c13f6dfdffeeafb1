#include "audit/redaction.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "audit/folded_digits.h"
#include "audit/phone_mask.h"
#include "audit/secret_names.h"
#include "audit/text_redaction.h"
#include "audit/tool_call_lines.h"
#include "base/text.h"

namespace kriya::audit {
namespace {

constexpr std::size_t kLongestLook = 64 * 1024;  // of a text that is taken apart as a document
constexpr std::size_t kTextSlack = 4 * 1024;     // behind what is kept of a text, to know its end
constexpr std::size_t kBudget = 128 * 1024;      // bytes of one call's arguments that are looked at
constexpr std::size_t kLongestMember = 256;      // bytes of a member's name that are kept

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
  if (const auto* number = value.if_double()) return *number >= 0 && std::trunc(*number) == *number;
  const auto* given = value.if_string();
  if (given == nullptr || given->empty() || given->size() > 64) return false;
  const std::string text = with_ascii_digits(*given);  // a digit of another script has up to four bytes
  if (text.size() > 32) return false;
  const auto upper = [](char c) { return (c >= 'A' && c <= 'Z') || c == '-' || c == ' '; };
  const bool has_digit = std::ranges::any_of(text, [](char c) { return c >= '0' && c <= '9'; });
  const bool separated = text.find('_') != std::string::npos;
  return (has_digit && !separated) || std::ranges::all_of(text, upper);
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
  if (const auto* number = value.if_double()) {
    const bool whole = *number > 0 && *number < 1e17 && std::trunc(*number) == *number;
    return whole ? mask_phone(std::to_string(static_cast<std::int64_t>(*number))) : std::string();
  }
  const auto* given = value.if_string();
  if (given == nullptr || given->empty() || given->size() > 128) return {};
  const std::string text = with_ascii_digits(*given);
  if (text.size() > 64) return {};
  const bool number_alone = text.find_first_not_of("+0123456789 -.()tel:TEL") == std::string::npos;
  return number_alone ? mask_phone(text) : std::string();
}

std::string note_of_cut(std::size_t bytes) { return "… [cut: " + std::to_string(bytes) + " bytes]"; }

/// What there is to spend on one entry: its size is the caller's choice.
struct Bounds {
  std::size_t text = std::string_view::npos;    // bytes of one text that are kept
  std::size_t budget = std::string_view::npos;  // bytes that are looked at in all, names and values counted, too
  std::size_t deepest = 32;                     // levels
};

/// One document while it is being cleaned.
class Cleaning {
 public:
  Cleaning(bool mask_phones, std::span<const std::string> secret_names, Bounds bounds, std::int64_t& redactions)
      : mask_phones_(mask_phones), secret_names_(secret_names), left_(bounds), redactions_(redactions) {}

  json::object object(const json::object& given);
  std::string text(std::string_view given);

 private:
  bool spend(std::size_t bytes) {
    if (left_.budget < bytes) left_.budget = 0;
    if (left_.budget == 0) return false;
    left_.budget -= bytes;
    return true;
  }
  json::value member(std::string_view name, const json::value& given);
  json::value value(const json::value& given);
  template <class Each>
  json::array array(const json::array& given, Each each);
  json::string name(std::string_view given, const json::object& others);
  std::optional<std::string> document(std::string_view given);

  bool mask_phones_;
  std::span<const std::string> secret_names_;
  Bounds left_;
  std::int64_t& redactions_;
  std::size_t depth_ = 0;
};

const json::value kCut(json::string_view("[cut]"));

json::object Cleaning::object(const json::object& given) {
  json::object out;
  ++depth_;
  for (const auto& one : given) {
    if (!spend(16 + one.key().size())) {
      out["[cut]"] = static_cast<std::int64_t>(given.size());
      break;
    }
    json::string cleaned = name(one.key(), out);
    out.emplace(std::move(cleaned), member(one.key(), one.value()));
  }
  --depth_;
  return out;
}

template <class Each>
json::array Cleaning::array(const json::array& given, Each each) {
  json::array out;
  ++depth_;
  for (const json::value& element : given) {
    if (!spend(16)) {
      out.push_back(kCut);
      break;
    }
    out.push_back(each(element));
  }
  --depth_;
  return out;
}

/// Names are given by callers as values are; no two become the same one.
json::string Cleaning::name(std::string_view given, const json::object& others) {
  std::string cleaned = well_formed(redact_text(cut(given, kLongestMember), mask_phones_, redactions_));
  if (given.size() > kLongestMember) cleaned += note_of_cut(given.size());
  std::string free = cleaned;
  for (std::size_t i = others.size(); others.contains(free); ++i) free = cleaned + " (" + std::to_string(i) + ")";
  return json::string(free);
}

json::value Cleaning::member(std::string_view name, const json::value& given) {
  const bool named =
      std::ranges::any_of(secret_names_, [&](const std::string& secret) { return equals_ignoring_case(name, secret); });
  const NameKind kind = kind_of_name(name);
  if ((named && !(given.is_string() && is_empty(given))) || is_secret(kind, given)) {
    ++redactions_;
    return json::value(json::string_view(kRedacted));
  }
  if (kind == NameKind::phone && mask_phones_) {
    if (const std::string masked = masked_number(given); !masked.empty()) {
      ++redactions_;
      return json::value(masked);
    }
  }
  // A list of codes or numbers has its name before it.
  if (const auto* list = given.if_array(); list != nullptr && kind != NameKind::harmless && depth_ < left_.deepest) {
    return array(*list, [&](const json::value& element) { return member(name, element); });
  }
  return value(given);
}

json::value Cleaning::value(const json::value& given) {
  if (const auto* string = given.if_string()) return json::value(text(*string));
  if (given.is_structured() && depth_ >= left_.deepest) return kCut;
  if (const auto* members = given.if_object()) return object(*members);
  if (const auto* elements = given.if_array()) {
    return array(*elements, [&](const json::value& element) { return value(element); });
  }
  if (const auto* number = given.if_double(); number != nullptr && !std::isfinite(*number)) return nullptr;
  return given;
}

/// A text that is a JSON document is taken apart, and written anew if something was found. Nullopt: it is none.
std::optional<std::string> Cleaning::document(std::string_view given) {
  const std::size_t first = given.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos || (given[first] != '{' && given[first] != '[')) return std::nullopt;
  const auto document = parse_json(given);
  if (!document) return std::nullopt;
  std::int64_t found = 0;
  const json::value clean = Cleaning(mask_phones_, {}, {}, found).value(*document);
  redactions_ += found;
  return found == 0 ? std::string(given) : write_json(clean);
}

std::string Cleaning::text(std::string_view given) {
  const bool bounded = left_.text != std::string_view::npos;
  if (bounded && !spend(std::min(given.size(), left_.text + kTextSlack)))
    return "[cut: " + std::to_string(given.size()) + " bytes]";
  if (!bounded || given.size() <= kLongestLook) {
    if (auto written = document(given)) {
      if (written->size() <= left_.text) return *std::move(written);
      return std::string(cut(*written, left_.text)) + note_of_cut(given.size());
    }
  }
  if (given.size() <= left_.text) return well_formed(redact_text(given, mask_phones_, redactions_));
  // A secret across the place of the cut is seen whole.
  const std::string_view looked_at = given.substr(0, left_.text + kTextSlack);
  const std::size_t kept = cut(looked_at, left_.text).size();
  return well_formed(redact_text(looked_at, mask_phones_, redactions_, kept)) + note_of_cut(given.size());
}

}  // namespace

void Redaction::apply(ToolCallEntry& entry, std::span<const std::string> secret_arguments) const {
  entry.argument_bytes = static_cast<std::int64_t>(write_json(entry.arguments).size());
  entry.result_bytes = static_cast<std::int64_t>(entry.result.size());
  entry.redactions = 0;
  const Bounds bounds{.text = kLongestText, .budget = kBudget, .deepest = kDeepest};
  entry.arguments = Cleaning(mask_phones_, secret_arguments, bounds, entry.redactions).object(entry.arguments);
  entry.metadata = Cleaning(mask_phones_, {}, bounds, entry.redactions).object(entry.metadata);
  for (json::object* object : {&entry.arguments, &entry.metadata}) {
    const std::string all = write_json(*object);
    if (all.size() > kLongestArguments) *object = {{"[cut]", std::string(cut(all, kLongestArguments / 2)) + "…"}};
  }
  const Bounds of_result{.text = kLongestResult, .budget = 2 * kLongestLook};
  entry.result = Cleaning(mask_phones_, {}, of_result, entry.redactions).text(entry.result);
}

json::object Redaction::arguments(const json::object& given, std::span<const std::string> secret_arguments,
                                  std::int64_t& redactions) const {
  return Cleaning(mask_phones_, secret_arguments, {}, redactions).object(given);
}

std::string Redaction::text(std::string_view given, std::int64_t& redactions) const {
  return Cleaning(mask_phones_, {}, {}, redactions).text(given);
}

}  // namespace kriya::audit
