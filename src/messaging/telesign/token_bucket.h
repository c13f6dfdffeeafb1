// So many requests in a second, and no more: what an account may (Telesign's default limits are per product).
#pragma once

#include <algorithm>
#include <chrono>
#include <mutex>

namespace kriya::messaging::telesign {

/// Safe to use from any thread. Time is given, never asked for.
class TokenBucket {
 public:
  using Steady = std::chrono::steady_clock;

  /// `per_second` tokens flow in evenly; of those that nobody took as many as a tenth of a second's wait for use.
  explicit TokenBucket(unsigned per_second)
      : interval_(std::chrono::nanoseconds(std::chrono::seconds(1)) / std::max(1U, per_second)),
        saved_(std::max(interval_, std::chrono::nanoseconds(std::chrono::milliseconds(100)))) {}

  struct Turn {
    bool granted;                   // false: none within the longest wait; nothing was taken
    std::chrono::nanoseconds wait;  // until the token is there
  };

  /// The next token, which the caller uses after `wait`.
  Turn take(Steady::time_point now, std::chrono::nanoseconds longest_wait) {
    const std::scoped_lock lock(mutex_);
    const auto earliest = std::max(next_, now - saved_ + interval_);
    const auto wait = std::max(std::chrono::nanoseconds(0), std::chrono::nanoseconds(earliest - now));
    if (wait > longest_wait) return {false, wait};
    next_ = earliest + interval_;
    return {true, wait};
  }

 private:
  const std::chrono::nanoseconds interval_;
  const std::chrono::nanoseconds saved_;
  std::mutex mutex_;
  Steady::time_point next_{};  // when the next token is there
};

}  // namespace kriya::messaging::telesign
