// A stream of changes is let in by a token, and ends with it: who signs out is signed out of what is open, too. The
// stream of one call ends with the call, which was let in when it began.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "runtime/task.h"

namespace kriya::mcp {

/// Whether a token that opened a stream is good now: neither expired nor revoked. When that cannot be found out, it is.
/// Empty: there are no tokens.
using StillGood = std::function<Task<bool>(std::string bearer)>;

/// Of one stream; on its I/O thread. Without a question it lets everything on.
class StreamGuard {
 public:
  StreamGuard() = default;

  /// `every`: between two questions. The stream's first one is due that long after it began.
  StreamGuard(StillGood still_good, std::string bearer, std::chrono::milliseconds every)
      : still_good_(std::move(still_good)), bearer_(std::move(bearer)), every_(every) {}

  /// Whether the stream may go on. To be asked at every piece and every silence.
  Task<bool> lets_on();

 private:
  using Clock = std::chrono::steady_clock;

  StillGood still_good_;
  std::string bearer_;
  std::chrono::milliseconds every_{};
  Clock::time_point due_ = Clock::now() + every_;
};

}  // namespace kriya::mcp
