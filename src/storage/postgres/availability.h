// Whether PostgreSQL can be reached, told to the operator once each time it changes.
#pragma once

#include <atomic>
#include <string>

#include "base/error.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

namespace kriya::storage::postgres {

/// Safe to use from any thread.
class Availability {
 public:
  Availability(const telemetry::Log& log, telemetry::Metrics& metrics) : log_(log) {
    metrics.gauge("kriya_database_up", "Whether PostgreSQL could be reached at the last try.",
                  [this] { return away_.load() ? 0.0 : 1.0; });
  }

  void lost(const Error& why) {
    if (!away_.exchange(true)) log_.error("PostgreSQL is away", {{"cause", why.detail}});
  }
  void found() {
    if (away_.exchange(false)) log_.warning("PostgreSQL is back", {});
  }

 private:
  const telemetry::Log& log_;
  std::atomic<bool> away_{false};
};

}  // namespace kriya::storage::postgres
