// The time by which an answer is worth having. Every outward call takes one; a request's own is handed down.
#pragma once

#include <algorithm>
#include <chrono>

namespace kriya {

class Deadline {
 public:
  using Steady = std::chrono::steady_clock;

  static Deadline after(std::chrono::milliseconds span) { return Deadline(Steady::now() + span); }

  bool passed() const { return passed_at(Steady::now()); }
  bool passed_at(Steady::time_point now) const { return now >= at_; }

  /// This deadline, or the end of `span` from now where that is sooner.
  Deadline within(std::chrono::milliseconds span) const { return Deadline(std::min(at_, Steady::now() + span)); }
  Steady::time_point at() const { return at_; }

 private:
  explicit Deadline(Steady::time_point at) : at_(at) {}
  Steady::time_point at_;
};

}  // namespace kriya
