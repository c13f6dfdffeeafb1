#include "storage/ephemeral/gcra.h"

#include <algorithm>

namespace kriya::storage::ephemeral {
namespace {

std::chrono::milliseconds millis_up(std::int64_t micros) { return std::chrono::milliseconds((micros + 999) / 1000); }

}  // namespace

Taken take_from(Bucket& bucket, Rate rate, Timestamp now) {
  const std::int64_t window = rate.window.count() * 1000;
  const std::int64_t step = std::max<std::int64_t>(window / rate.requests, 1);  // micros that one request costs
  const std::int64_t missing = std::max<std::int64_t>(bucket.full_at.micros - now.micros, 0);
  const std::int64_t over = missing + step - window;
  if (over > 0)
    return {.allowed = false, .remaining = 0, .full_again = millis_up(missing), .retry_after = millis_up(over)};
  bucket.full_at.micros = now.micros + missing + step;
  return {.allowed = true,
          .remaining = (window - missing - step) / step,
          .full_again = millis_up(missing + step),
          .retry_after = {}};
}

}  // namespace kriya::storage::ephemeral
