// Leaving a provider alone that is down.
#pragma once

#include <chrono>

#include "base/time.h"

namespace kriya::messaging {

/// Opens after some failures in a row; from then on one try is let through in each pause, and a success closes it.
/// Sans-I/O; for one thread at a time.
class Circuit {
 public:
  static constexpr int kFailures = 5;
  static constexpr std::chrono::seconds kPause{30};

  /// Whether a try may be made now. Of an open circuit a yes is the one try of its pause.
  bool allows(Timestamp now);

  /// Whether it is open and the next try has not come yet.
  bool rests(Timestamp now) const { return open() && now < next_try_; }

  void succeeded() { failures_ = 0; }
  void failed(Timestamp now);
  bool open() const { return failures_ >= kFailures; }

 private:
  int failures_ = 0;  // in a row
  Timestamp next_try_;
};

}  // namespace kriya::messaging
