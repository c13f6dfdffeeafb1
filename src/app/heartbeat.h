// Tells the other instances of this one, and the operator when they do not fit together.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include <boost/asio/steady_timer.hpp>

#include "base/time.h"
#include "config/settings.h"
#include "operations/instances.h"
#include "runtime/task.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

namespace kriya::app {

/// Runs on the executor of its context; ends, after it has taken this instance off the list, when `stop` was called.
/// The metrics must not be rendered after it is gone.
class Heartbeat {
 public:
  Heartbeat(asio::io_context& context, operations::Instance self, storage::Database& database, const Clock& clock,
            const telemetry::Log& log, telemetry::Metrics& metrics);

  Task<void> run();
  void stop();

 private:
  Task<void> beat();

  asio::steady_timer timer_;
  const operations::Instance self_;
  operations::Instances instances_;
  const Clock& clock_;
  const telemetry::Log& log_;
  std::shared_ptr<std::atomic<double>> running_ = std::make_shared<std::atomic<double>>(1);
  bool warned_ = false;
  bool stopping_ = false;
};

/// Which store counts this configuration's request limits, without its secrets; empty for the process itself.
std::string shared_store_name(const config::Settings& settings);

/// "web-1:8001": this machine's name and the port that it listens on.
std::string instance_name(std::uint16_t port);

}  // namespace kriya::app
