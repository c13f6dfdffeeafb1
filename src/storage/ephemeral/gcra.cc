#include "storage/ephemeral/gcra.h"

#include <algorithm>

namespace kriya::storage::ephemeral {

std::chrono::milliseconds millis_up(std::int64_t micros) { return std::chrono::milliseconds((micros + 999) / 1000); }

Steps steps_of(Rate rate) {
  const std::int64_t step = (rate.window.count() * 1000 + rate.requests - 1) / rate.requests;
  return {.step = step, .whole = step * rate.requests};
}

Taken take_from(Bucket& bucket, Rate rate, Timestamp now) {
  const auto [step, whole] = steps_of(rate);
  // A clock that was set back, or a rate that was larger once, leaves at worst an empty bucket.
  const std::int64_t missing = std::clamp<std::int64_t>(bucket.full_at.micros - now.micros, 0, whole);
  const std::int64_t over = missing + step - whole;
  if (over > 0) {
    return {.allowed = false, .remaining = 0, .full_again = millis_up(missing), .retry_after = millis_up(over)};
  }
  bucket.full_at.micros = now.micros + missing + step;
  return {.allowed = true,
          .remaining = (whole - missing - step) / step,
          .full_again = millis_up(missing + step),
          .retry_after = {}};
}

}  // namespace kriya::storage::ephemeral
