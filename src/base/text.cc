#include "base/text.h"

#include <algorithm>
#include <cctype>
#include <cstdint>

namespace kriya {
namespace {

struct CodePoint {
  std::uint32_t value;
  std::size_t size;  // bytes; 0 when malformed
};

CodePoint decode(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i])); };
  const auto follows = [&](std::size_t i) { return i < text.size() && (byte(i) & 0xc0) == 0x80; };
  const std::uint32_t first = byte(0);
  if (first < 0x80) return {first, 1};
  if (first >= 0xc2 && first <= 0xdf && follows(1)) return {(first & 0x1f) << 6 | (byte(1) & 0x3f), 2};
  if (first >= 0xe0 && first <= 0xef && follows(1) && follows(2)) {
    const std::uint32_t value = (first & 0x0f) << 12 | (byte(1) & 0x3f) << 6 | (byte(2) & 0x3f);
    const bool surrogate = value >= 0xd800 && value <= 0xdfff;
    return {value, value >= 0x800 && !surrogate ? 3U : 0U};
  }
  if (first >= 0xf0 && first <= 0xf4 && follows(1) && follows(2) && follows(3)) {
    const std::uint32_t value =
        (first & 0x07) << 18 | (byte(1) & 0x3f) << 12 | (byte(2) & 0x3f) << 6 | (byte(3) & 0x3f);
    return {value, value >= 0x10000 && value <= 0x10ffff ? 4U : 0U};
  }
  return {0, 0};
}

/// White space, and the characters that show nothing where they stand at an end.
bool is_blank(std::uint32_t c) {
  const bool white = c == ' ' || (c >= 0x09 && c <= 0x0d) || c == 0x85 || c == 0xa0 || c == 0x1680 ||
                     (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f ||
                     c == 0x3000;
  const bool invisible = c == 0x200b || c == 0x2060 || c == 0xfeff || c == 0x180e || c == 0x115f || c == 0x1160 ||
                         c == 0x3164 || c == 0xffa0;
  return white || invisible;
}

bool is_control(std::uint32_t c) {
  const bool separator = c == 0x2028 || c == 0x2029;
  const bool bidirectional = (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
  return c < 0x20 || (c >= 0x7f && c <= 0x9f) || separator || bidirectional;
}

bool is_atom_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) ||
         std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
}

/// A dot-separated run of non-empty labels, each of `allowed` characters.
template <class Allowed>
bool is_dotted(std::string_view text, Allowed allowed) {
  char previous = '.';
  for (const char c : text) {
    if (c == '.' ? previous == '.' : !allowed(c)) return false;
    previous = c;
  }
  return previous != '.';
}

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

bool is_domain(std::string_view domain) {
  const auto allowed = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '-' || static_cast<unsigned char>(c) >= 0x80;
  };
  if (!is_dotted(domain, allowed) || !contains(domain, ".")) return false;
  return domain.front() != '-' && domain.back() != '-' && !contains(domain, ".-") && !contains(domain, "-.");
}

}  // namespace

std::optional<std::size_t> utf8_length(std::string_view text) {
  std::size_t length = 0;
  while (!text.empty()) {
    const CodePoint point = decode(text);
    if (point.size == 0) return std::nullopt;
    text.remove_prefix(point.size);
    ++length;
  }
  return length;
}

bool has_control_character(std::string_view text) {
  while (!text.empty()) {
    const CodePoint point = decode(text);
    if (point.size == 0 || is_control(point.value)) return true;
    text.remove_prefix(point.size);
  }
  return false;
}

std::string_view trim(std::string_view text) {
  while (!text.empty()) {
    const CodePoint point = decode(text);
    if (point.size == 0 || !is_blank(point.value)) break;
    text.remove_prefix(point.size);
  }
  while (!text.empty()) {
    std::size_t start = text.size() - 1;
    while (start > 0 && (static_cast<unsigned char>(text[start]) & 0xc0) == 0x80) --start;
    const CodePoint point = decode(text.substr(start));
    if (point.size != text.size() - start || !is_blank(point.value)) break;
    text = text.substr(0, start);
  }
  return text;
}

std::string to_lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

bool is_one_of(std::string_view text, std::span<const std::string_view> texts) {
  return std::ranges::find(texts, text) != texts.end();
}

bool equals_ignoring_case(std::string_view left, std::string_view right) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::ranges::equal(left, right, {}, lower, lower);
}

Parsed<PersonName> PersonName::parse(std::string_view text) {
  const std::string_view trimmed = trim(text);
  const auto length = utf8_length(trimmed);
  if (!length) return tl::unexpected<std::string>("is not valid UTF-8");
  if (*length < kMinLength) return tl::unexpected<std::string>("must not be empty");
  if (*length > kMaxLength) return tl::unexpected<std::string>("must be at most 100 characters");
  if (has_control_character(trimmed)) return tl::unexpected<std::string>("must not contain control characters");
  PersonName name;
  name.text_ = trimmed;
  return name;
}

Parsed<EmailAddress> EmailAddress::parse(std::string_view text) {
  const std::string_view trimmed = trim(text);
  const std::size_t at = trimmed.rfind('@');
  const bool shaped = at != std::string_view::npos && at >= 1 && at <= 64 && trimmed.size() <= kMaxLength &&
                      utf8_length(trimmed) && !has_control_character(trimmed) &&
                      is_dotted(trimmed.substr(0, at), is_atom_character) && is_domain(trimmed.substr(at + 1));
  if (!shaped) return tl::unexpected<std::string>("must be an e-mail address like name@example.com");
  EmailAddress address;
  address.text_ = to_lower(trimmed);
  return address;
}

}  // namespace kriya
