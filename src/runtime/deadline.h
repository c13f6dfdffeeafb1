// The time by which an answer is worth having. Every outward call takes one; a request's own is handed down.
#pragma once

#include <chrono>

namespace kriya {

class Deadline {
 public:
  using Steady = std::chrono::steady_clock;

  static Deadline after(std::chrono::milliseconds span) { return Deadline(Steady::now() + span); }

  bool passed() const { return Steady::now() >= at_; }
  Steady::time_point at() const { return at_; }

 private:
  explicit Deadline(Steady::time_point at) : at_(at) {}
  Steady::time_point at_;
};

}  // namespace kriya
