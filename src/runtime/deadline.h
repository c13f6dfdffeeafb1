// The time by which an answer is worth having, and whether anybody still waits for it. Every outward call takes one; a
// request's own is handed down.
#pragma once

#include <algorithm>
#include <chrono>
#include <stop_token>
#include <utility>

namespace kriya {

class Deadline {
 public:
  using Steady = std::chrono::steady_clock;

  static Deadline after(std::chrono::milliseconds span) { return Deadline(Steady::now() + span); }

  bool passed() const { return passed_at(Steady::now()); }
  bool passed_at(Steady::time_point now) const { return now >= at_ || stop_.stop_requested(); }

  /// This deadline, or the end of `span` from now where that is sooner.
  Deadline within(std::chrono::milliseconds span) const { return Deadline(std::min(at_, Steady::now() + span), stop_); }

  /// This time, and over as soon as `stop` is requested: for work that can be given up halfway. Calls to other servers
  /// then end at once; the database finishes what it was asked.
  Deadline stopped_by(std::stop_token stop) const { return Deadline(at_, std::move(stop)); }

  /// This time alone, for what must not be given up halfway, such as a message that may be out already.
  Deadline unstoppable() const { return Deadline(at_); }

  Steady::time_point at() const { return at_; }
  const std::stop_token& stop() const { return stop_; }

 private:
  explicit Deadline(Steady::time_point at, std::stop_token stop = {}) : at_(at), stop_(std::move(stop)) {}
  Steady::time_point at_;
  std::stop_token stop_;
};

}  // namespace kriya
