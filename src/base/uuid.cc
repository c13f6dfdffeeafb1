#include "base/uuid.h"

namespace kriya {
namespace {

constexpr bool is_dash_position(std::size_t i) { return i == 8 || i == 13 || i == 18 || i == 23; }

}  // namespace

Uuid Uuid::v7(Timestamp now, const std::array<std::uint8_t, 10>& random) {
  const auto millis = static_cast<std::uint64_t>(now.micros / 1000);
  // So that ids are in order within a millisecond, too (RFC 9562 section 6.2, method 3).
  const auto fraction = static_cast<std::uint64_t>(now.micros % 1000) * 4096 / 1000;
  Uuid uuid;
  for (std::size_t i = 0; i < 6; ++i) uuid.bytes_[i] = static_cast<std::uint8_t>(millis >> (40 - 8 * i));
  uuid.bytes_[6] = static_cast<std::uint8_t>(0x70 | (fraction >> 8));
  uuid.bytes_[7] = static_cast<std::uint8_t>(fraction);
  for (std::size_t i = 2; i < 10; ++i) uuid.bytes_[6 + i] = random[i];
  uuid.bytes_[8] = static_cast<std::uint8_t>(0x80 | (uuid.bytes_[8] & 0x3f));
  return uuid;
}

std::optional<Uuid> Uuid::parse(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  Uuid uuid;
  std::size_t nibble = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (is_dash_position(i)) {
      if (c != '-') return std::nullopt;
      continue;
    }
    int value = 0;
    if (c >= '0' && c <= '9')
      value = c - '0';
    else if (c >= 'a' && c <= 'f')
      value = c - 'a' + 10;
    else if (c >= 'A' && c <= 'F')
      value = c - 'A' + 10;
    else
      return std::nullopt;
    auto& byte = uuid.bytes_[nibble / 2];
    byte = static_cast<std::uint8_t>(byte << 4 | value);
    ++nibble;
  }
  return uuid;
}

Uuid Uuid::from_bytes(const std::array<std::uint8_t, 16>& bytes) {
  Uuid uuid;
  uuid.bytes_ = bytes;
  return uuid;
}

std::string Uuid::str() const {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(36);
  for (const std::uint8_t byte : bytes_) {
    if (is_dash_position(text.size())) text += '-';
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

}  // namespace kriya
