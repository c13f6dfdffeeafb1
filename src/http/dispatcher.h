// The way of every request: id, client, route, limits, access, handler; then CORS, one metric and one log line.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "http/caller.h"
#include "http/cors.h"
#include "http/handler.h"
#include "http/rate_limit.h"
#include "http/router.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

namespace kriya::http {

class Dispatcher final : public Handler {
 public:
  struct Options {
    std::function<bool(const std::string&)> is_trusted_proxy;
    std::vector<std::string> allowed_origins;
    bool show_error_details = false;  // what an exception said goes into the answer: for development only
    std::chrono::milliseconds request_deadline{10'000};
  };

  /// The router must be complete; all references must outlive the dispatcher. Without a limiter no route has limits.
  Dispatcher(Options options, const Router& router, RateLimiter* limiter, const telemetry::Log& log,
             telemetry::Metrics& metrics);

  Task<Response> handle(const Request& request, const std::string& peer, Connection& connection) override;
  Response refuse(const Error& error, const Request& request, const std::string& peer) override;

 private:
  using Steady = std::chrono::steady_clock;

  /// The metrics of one route, or of all requests that found none.
  struct RouteMetrics {
    std::string method;
    std::string route;
    telemetry::Histogram* seconds;
    std::array<std::atomic<telemetry::Counter*>, 500> by_status{};  // index: status - 100
  };

  /// How far a request has come: what its answer needs, also when the handler throws.
  struct Progress {
    const Route* route = nullptr;  // null: none was found
    RateLimitReport limits;
  };
  /// When a limit is taken; RateLimit::Scope says why.
  enum class Phase { before_access, access_known, access_granted, principal_known };
  static Phase phase_of(RateLimit::Scope scope);

  Caller make_caller(const Request& request, const std::string& peer) const;
  Task<Response> answer(const Request& request, Caller& caller, Progress& progress);
  Task<Result<void>> admit(const Request& request, Caller& caller, Progress& progress);
  Task<Result<void>> take_limits(Phase phase, const Caller& caller, Progress& progress);
  Response answer_without_route(const Request& request, const Caller& caller, const std::string& allow) const;
  void finish(const Request& request, const Caller& caller, const Route* route, Steady::time_point start,
              Response& response);
  void count(RouteMetrics& metrics, int status, double seconds);

  Options options_;
  const Router& router_;
  RateLimiter* limiter_;
  const telemetry::Log& log_;
  telemetry::Metrics& metrics_;
  Cors cors_;
  std::unordered_map<const Route*, std::unique_ptr<RouteMetrics>> route_metrics_;  // nullptr: no route
};

}  // namespace kriya::http
