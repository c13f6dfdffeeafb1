// How Redis is doing, told to the operator: a line when it goes away, one when it is back, a gauge and a counter.
#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "telemetry/log.h"
#include "telemetry/metrics.h"

namespace kriya::storage::ephemeral {

/// Where one connection stands. `connecting`: calls wait for it. `away`: the last attempt failed, calls fail at once.
enum class LinkState { connecting, up, away, closed };

/// Shared by all connections; safe from every thread. The log and the metrics outlive it.
class RedisHealth {
 public:
  enum class Failure { away, timeout, lost, refused, crowded };

  /// Registers the metrics, which read `health` for as long as they live.
  static std::shared_ptr<RedisHealth> watch(std::string address, const telemetry::Log& log,
                                            telemetry::Metrics& metrics);

  /// A connection went from one state to another, because of `cause` (for `away`; without secrets).
  void moved(LinkState from, LinkState to, std::string_view cause);

  /// Redis answered a call with an error. Logged once a minute, so that a full Redis does not fill the log as well.
  void refused(std::string_view answer);

  void count(Failure failure) { failures_[static_cast<std::size_t>(failure)]->add(); }

  /// 1: every connection that has been tried is up; else 0.
  double up() const;

 private:
  using Steady = std::chrono::steady_clock;

  RedisHealth(std::string address, const telemetry::Log& log, telemetry::Metrics& metrics);

  const std::string address_;
  const telemetry::Log& log_;
  std::array<telemetry::Counter*, 5> failures_{};

  mutable std::mutex mutex_;
  int up_ = 0;
  int away_ = 0;
  Steady::time_point away_since_;
  Steady::time_point quiet_until_;  // for refusals
};

/// An error answer as it may be logged: one short line without the words of the command, which Redis likes to quote.
std::string without_arguments(std::string_view answer);

}  // namespace kriya::storage::ephemeral
