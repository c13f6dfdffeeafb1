// A clock that stands still until a test turns it.
#pragma once

#include <chrono>

#include "base/time.h"

namespace kriya::tests {

class FakeClock final : public Clock {
 public:
  Timestamp now() const override { return now_; }
  void advance(std::chrono::microseconds span) { now_ = now_ + span; }

 private:
  Timestamp now_ = *parse_rfc3339("2026-11-21T09:30:00Z");
};

}  // namespace kriya::tests
