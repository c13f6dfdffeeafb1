#include "mcp/protocol.h"

#include <algorithm>

#include "base/encoding.h"

namespace kriya::mcp {
namespace {

constexpr std::string_view kEncodedStart = "=?base64?";
constexpr std::string_view kEncodedEnd = "?=";

/// Visible ASCII, space and tab (RFC 9110 section 5.5).
bool is_plain(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c == '\t' || (c >= 0x20 && c < 0x7f); });
}

bool looks_encoded(std::string_view text) {
  return text.size() >= kEncodedStart.size() + kEncodedEnd.size() && text.starts_with(kEncodedStart) &&
         text.ends_with(kEncodedEnd);
}

bool is_space(char c) { return c == ' ' || c == '\t'; }

}  // namespace

std::optional<std::string_view> find_version(std::string_view name) {
  const auto found = std::ranges::find(version::kSupported, name);
  if (found == version::kSupported.end()) return std::nullopt;
  return *found;
}

Era era_of(std::string_view version) { return version >= version::k2026_07_28 ? Era::modern : Era::legacy; }

std::string encode_header_value(std::string_view text) {
  const bool padded = !text.empty() && (is_space(text.front()) || is_space(text.back()));
  if (is_plain(text) && !padded && !looks_encoded(text)) return std::string(text);
  return std::string(kEncodedStart) + base64_encode(text) + std::string(kEncodedEnd);
}

std::optional<std::string> decode_header_value(std::string_view value) {
  if (!is_plain(value)) return std::nullopt;
  if (!looks_encoded(value)) return std::string(value);
  value.remove_prefix(kEncodedStart.size());
  value.remove_suffix(kEncodedEnd.size());
  return base64_decode(value);
}

}  // namespace kriya::mcp
