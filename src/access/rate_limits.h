// The general request limits: counted in the store that all instances share, and what to do while it is away.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/time.h"
#include "http/rate_limit.h"
#include "http/router.h"
#include "storage/ephemeral/ephemeral.h"
#include "storage/ephemeral/memory.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

namespace kriya::access {

/// Safe to use from every I/O thread. Says once in the log that the store is away, and once that it is back.
class RateLimits final : public http::RateLimiter {
 public:
  /// The router must be complete; all references must outlive this. `others`: limits that no route declares, but that
  /// somebody takes.
  RateLimits(const http::Router& router, storage::ephemeral::Ephemeral& store, const Clock& clock,
             const telemetry::Log& log, telemetry::Metrics& metrics, const std::vector<http::RateLimit>& others = {});

  Task<Result<http::RateLimitVerdict>> take(const http::RateLimit& limit, std::string subject,
                                            Deadline deadline) override;

 private:
  Task<Result<storage::ephemeral::Taken>> count(const http::RateLimit& limit, std::string key, Deadline deadline);
  Task<Result<storage::ephemeral::Taken>> count_without_store(const http::RateLimit& limit, std::string key,
                                                              Deadline deadline);
  bool pausing() const;
  void store_failed(const Error& error);
  void store_answered();

  storage::ephemeral::Ephemeral& store_;
  storage::ephemeral::Memory fallback_;
  const Clock& clock_;
  const telemetry::Log& log_;
  std::map<std::string, telemetry::Counter*> limited_;  // by the limit's name
  telemetry::Counter& failures_open_;
  telemetry::Counter& failures_closed_;
  std::atomic<bool> away_{false};
  std::atomic<std::int64_t> ask_again_at_{0};  // microseconds, as Timestamp
};

}  // namespace kriya::access
