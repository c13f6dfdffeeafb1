// 128-bit identifiers of rows (RFC 9562).
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace kriya {

/// A UUID of any version. New rows get version 7, whose order follows time, so that index inserts stay at one end.
class Uuid {
 public:
  Uuid() = default;

  /// Version 7 from a time, down to the microsecond, and random bytes (the first two give way to its fraction).
  static Uuid v7(Timestamp now, const std::array<std::uint8_t, 10>& random);

  /// Reads the 36-character form, either case. Nullopt on anything else.
  static std::optional<Uuid> parse(std::string_view text);

  /// The 16 bytes in network order, as databases send them.
  static Uuid from_bytes(const std::array<std::uint8_t, 16>& bytes);
  const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }

  /// The 36-character lower-case form.
  std::string str() const;

  auto operator<=>(const Uuid&) const = default;

 private:
  std::array<std::uint8_t, 16> bytes_{};
};

}  // namespace kriya
