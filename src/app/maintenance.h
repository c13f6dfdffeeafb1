// What the server does by itself from time to time.
#pragma once

#include <chrono>
#include <functional>
#include <vector>

#include <boost/asio/steady_timer.hpp>

#include "base/error.h"
#include "runtime/deadline.h"
#include "runtime/task.h"
#include "telemetry/log.h"

namespace kriya::app {

/// One kind of rows that are of no use any more.
struct Sweep {
  const char* what;  // "expired tokens"

  /// Removes at most `limit` rows, so that no sign-in waits long behind it, and says how many; fewer than the limit:
  /// nothing is left.
  std::function<Task<Result<std::int64_t>>(std::int64_t limit, Deadline deadline)> step;
};

/// Does every sweep soon after the start and then each hour, in small steps. Runs on the executor of its context; ends
/// after `stop`.
class Maintenance {
 public:
  /// `first`: after the start, which has better things to do.
  Maintenance(asio::io_context& context, std::vector<Sweep> sweeps, const telemetry::Log& log,
              std::chrono::milliseconds first = std::chrono::seconds(20));

  Task<void> run();
  void stop();

 private:
  Task<void> sweep(const Sweep& sweep);

  asio::steady_timer timer_;
  std::vector<Sweep> sweeps_;
  const telemetry::Log& log_;
  std::chrono::milliseconds first_;
  bool stopping_ = false;
};

}  // namespace kriya::app
