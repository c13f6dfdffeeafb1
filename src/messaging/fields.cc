#include "messaging/fields.h"

#include <charconv>

#include "base/text.h"

namespace kriya::messaging {
namespace {

constexpr std::size_t kLongestText = 256;

}  // namespace

const json::value* Fields::find(std::string_view name) const {
  if (object_ == nullptr) return nullptr;
  const json::value* found = object_->if_contains(name);
  if (found == nullptr) {  // "sender_id ", "postback_data\t": both are in Telesign's documents
    for (const auto& member : *object_) {
      if (trim(std::string_view(member.key())) == name) found = &member.value();
    }
  }
  return found == nullptr || found->is_null() ? nullptr : found;
}

const json::array* Fields::array(std::string_view name) const {
  const json::value* found = find(name);
  return found == nullptr ? nullptr : found->if_array();
}

std::string Fields::text(std::string_view name) const {
  const json::value* found = find(name);
  if (found == nullptr) return {};
  if (const auto* text = found->if_string()) {
    std::size_t size = std::min(text->size(), kLongestText);
    while (size < text->size() && size > 0 && (static_cast<unsigned char>((*text)[size]) & 0xc0) == 0x80) --size;
    return std::string(text->data(), size);
  }
  if (const auto number = number_of(*found)) return std::to_string(*number);
  if (const auto* fraction = found->if_double()) {
    char buffer[32];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, *fraction).ptr;
    return std::string(buffer, end);
  }
  return {};
}

std::optional<std::string> Fields::some_text(std::string_view name) const {
  std::string found = text(name);
  if (found.empty()) return std::nullopt;
  return found;
}

std::optional<std::int64_t> Fields::number(std::string_view name) const {
  const json::value* found = find(name);
  return found == nullptr ? std::nullopt : number_of(*found);
}

std::optional<bool> Fields::boolean(std::string_view name) const {
  const json::value* found = find(name);
  if (found == nullptr) return std::nullopt;
  if (const bool* value = found->if_bool()) return *value;
  if (const auto* text = found->if_string()) {
    if (equals_ignoring_case(*text, "true")) return true;
    if (equals_ignoring_case(*text, "false")) return false;
  }
  return std::nullopt;
}

std::optional<std::int64_t> number_of(const json::value& value) {
  if (const auto* number = value.if_int64()) return *number;
  if (const auto* number = value.if_double(); number != nullptr) {
    constexpr double limit = 9e15;  // beyond it a double is no whole number that anybody wrote
    if (*number > -limit && *number < limit && *number == static_cast<double>(static_cast<std::int64_t>(*number))) {
      return static_cast<std::int64_t>(*number);
    }
    return std::nullopt;
  }
  if (const auto* string = value.if_string()) {
    const std::string_view text = trim(*string);
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc() && end == text.data() + text.size() && !text.empty()) return number;
  }
  return std::nullopt;
}

}  // namespace kriya::messaging
