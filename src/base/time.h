// Points in time as the whole program speaks of them, and the clock that tests can turn.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kriya {

/// Microseconds since 1970-01-01T00:00:00Z: what both database engines can store without loss.
struct Timestamp {
  std::int64_t micros = 0;

  auto operator<=>(const Timestamp&) const = default;
  std::int64_t seconds() const { return micros / 1'000'000; }
  static Timestamp from_seconds(std::int64_t seconds) { return Timestamp{seconds * 1'000'000}; }
  friend Timestamp operator+(Timestamp time, std::chrono::microseconds span) {
    return Timestamp{time.micros + span.count()};
  }
  friend Timestamp operator-(Timestamp time, std::chrono::microseconds span) { return time + -span; }
};

/// RFC 3339 in UTC with `Z`; whole seconds are written without a fraction, others with six digits.
std::string to_rfc3339(Timestamp time);

/// Reads what to_rfc3339 writes. Nullopt on anything else.
std::optional<Timestamp> parse_rfc3339(std::string_view text);

/// An HTTP date (RFC 9110 section 5.6.7), e.g. "Sun, 06 Nov 1994 08:49:37 GMT".
std::string to_http_date(Timestamp time);

/// The wall clock. Injected, so that expiry can be tested without waiting.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Timestamp now() const = 0;
};

class SystemClock final : public Clock {
 public:
  Timestamp now() const override;
};

}  // namespace kriya
