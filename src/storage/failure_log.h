// What an operator must know of a failing database, and clients need not.
#pragma once

#include <atomic>

#include "base/error.h"
#include "base/time.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

namespace kriya::storage {

/// Safe to use from any thread.
class FailureLog {
 public:
  FailureLog(const telemetry::Log& log, telemetry::Metrics& metrics)
      : log_(log),
        failures_(metrics.counter("kriya_database_failures_total", "Statements that the database could not serve.")) {}

  /// The log tells the cause, once a second at most; clients learn only that the database is unavailable. A conflict is
  /// an answer, and so is a refused value.
  template <class T>
  Result<T> reported(Result<T> result) {
    if (result || result.error().code == Errc::conflict || result.error().code == Errc::bad_request) return result;
    failures_.add();
    const std::int64_t now = SystemClock{}.now().seconds();
    if (last_second_.exchange(now) != now) log_.error(result.error().detail, {});
    if (result.error().code == Errc::unavailable) {
      result.error().detail = "The database is unavailable; try again shortly.";
    }
    return result;
  }

 private:
  const telemetry::Log& log_;
  telemetry::Counter& failures_;
  std::atomic<std::int64_t> last_second_{0};
};

}  // namespace kriya::storage
