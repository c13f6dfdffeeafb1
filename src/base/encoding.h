// Bytes to text and back: base64url (RFC 4648 section 5, without padding), base64 (section 4, with padding) and
// lower-case hexadecimal.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace kriya {

std::string base64url_encode(std::string_view bytes);

/// Decodes the one canonical spelling only: padding, other alphabets, impossible lengths and stray bits in the last
/// character are refused (nullopt), so that no two texts stand for the same bytes.
std::optional<std::string> base64url_decode(std::string_view text);

/// Standard base64 with padding, on one line.
std::string base64_encode(std::string_view bytes);

/// Decodes the one canonical spelling only, padding included; everything else is nullopt.
std::optional<std::string> base64_decode(std::string_view text);

std::string hex_encode(std::string_view bytes);

/// Undoes %XX (RFC 3986) and, for query strings, '+'. Nullopt on a broken escape.
std::optional<std::string> percent_decode(std::string_view text);

}  // namespace kriya
