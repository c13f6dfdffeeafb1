// The generic cell rate algorithm: a bucket that fills evenly, kept as one number.
#pragma once

#include "base/time.h"
#include "storage/ephemeral/ephemeral.h"

namespace kriya::storage::ephemeral {

/// A bucket's whole state: when it will be full again. In the past, or zero, it is full.
struct Bucket {
  Timestamp full_at;
};

/// A rate in whole microseconds, rounded up: what one request costs, and what a bucket holds. A rate that does not
/// divide its window allows no request more.
struct Steps {
  std::int64_t step;
  std::int64_t whole;
};
Steps steps_of(Rate rate);

/// Rounded up: who waits that long does not come too early.
std::chrono::milliseconds millis_up(std::int64_t micros);

/// Takes one request out of the bucket, if it fits. One request costs window / requests, rounded up to a microsecond.
/// The Redis engine's script does the same sum.
Taken take_from(Bucket& bucket, Rate rate, Timestamp now);

}  // namespace kriya::storage::ephemeral
