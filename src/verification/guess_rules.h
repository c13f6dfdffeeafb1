// How often codes may be guessed. Plain arithmetic; the counting itself is SQL (challenge_store.cc).
#pragma once

#include <array>
#include <chrono>
#include <cstdint>

#include "base/time.h"

namespace kriya::verification {

/// Guesses that one challenge takes, whatever the number of its codes.
constexpr std::int64_t kAttempts = 5;

/// Failures in a row of one number from which each is followed by a wait (NIST SP 800-63B-4 section 3.2.2).
constexpr std::int64_t kFirstWait = 10;

/// Failures in a row after which a number takes no code any more, until somebody re-enables it (the same section).
constexpr std::int64_t kDisabledAt = 100;

/// Failed guesses of one client address, counted for an hour from the first one on.
constexpr std::int64_t kAddressFailures = 60;
constexpr std::chrono::hours kAddressWindow{1};

/// The wait after the n-th failure in a row: none up to the 9th, 30 s after the 10th, then double each time, up to 1 h.
std::chrono::seconds wait_after(std::int64_t failures);

/// Failures with waits of their own; later ones wait as long as the last of these.
constexpr std::size_t kDistinctWaits = 8;

/// The ends of the waits that begin now, after the 10th, 11th, ... failure.
std::array<Timestamp, kDistinctWaits> ends_of_waits(Timestamp now);

/// Seconds from now to `then`, rounded up, at least 1: what Retry-After says.
std::chrono::seconds seconds_until(Timestamp then, Timestamp now);

}  // namespace kriya::verification
