#include "storage/ephemeral/gcra.h"

#include <algorithm>

namespace kriya::storage::ephemeral {
namespace {

std::chrono::milliseconds millis_up(std::int64_t micros) { return std::chrono::milliseconds((micros + 999) / 1000); }

}  // namespace

Taken take_from(Bucket& bucket, Rate rate, Timestamp now) {
  // Rounded up, and the bucket is made of whole steps: a rate that does not divide its window allows no request more.
  const std::int64_t step = (rate.window.count() * 1000 + rate.requests - 1) / rate.requests;
  const std::int64_t whole = step * rate.requests;
  // A clock that was set back, or a rate that was larger once, leaves at worst an empty bucket.
  const std::int64_t missing = std::clamp<std::int64_t>(bucket.full_at.micros - now.micros, 0, whole);
  const std::int64_t over = missing + step - whole;
  if (over > 0)
    return {.allowed = false, .remaining = 0, .full_again = millis_up(missing), .retry_after = millis_up(over)};
  bucket.full_at.micros = now.micros + missing + step;
  return {.allowed = true,
          .remaining = (whole - missing - step) / step,
          .full_again = millis_up(missing + step),
          .retry_after = {}};
}

}  // namespace kriya::storage::ephemeral
