// The protocol's one endpoint: who may come in, and which era answers.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "http/router.h"
#include "mcp/legacy_server.h"
#include "mcp/modern_server.h"

namespace kriya::mcp {

/// MCP over Streamable HTTP. Safe to use from every I/O thread.
class Endpoint {
 public:
  struct Options {
    /// Values of Host and Origin that are let in; one without a port lets every port in. No hosts: any. A request
    /// without Origin comes from no web page, and passes.
    std::vector<std::string> hosts = {};
    std::vector<std::string> origins = {};
    ServerTimes times = {};
    Sessions::Options sessions = {};
    std::size_t most_running = 20'000;  // calls and streams that are open at once
    StillGood still_good = {};          // ends streams of changes whose token is good no more
  };

  /// All references must outlive it.
  Endpoint(Options options, Offer& offer, ChangeFeed& changes, const Secret& master_key, const Clock& clock,
           const telemetry::Log& log);
  Endpoint(const Endpoint&) = delete;

  /// Adds POST, GET and DELETE of `path` and of `path` with a slash at its end. `access` fills Caller::principal; where
  /// it does not, all callers are one.
  void add_to(http::Router& router, std::string path, std::vector<http::AccessRule> access,
              std::vector<http::RateLimit> limits = {});

  /// Ends legacy sessions that idle, at most `limit`; returns how many.
  std::size_t sweep(std::size_t limit) { return sessions_.sweep(limit); }

  /// Ends sessions and streams, asks calls to give up, and waits for them. False: some still run, and nothing that they
  /// use may be destroyed. From no I/O thread, while these run; before the HTTP server is stopped.
  bool stop(std::chrono::milliseconds timeout);

 private:
  Task<http::Response> post(const http::Request& request, const http::Caller& caller);
  Task<http::Response> get(const http::Request& request, const http::Caller& caller);
  Task<http::Response> remove(const http::Request& request, const http::Caller& caller);
  http::AccessRule door() const;

  const Options options_;
  const ServerParts parts_;
  const RequestStates states_;
  Sessions sessions_;
  ModernServer modern_;
  LegacyServer legacy_;
  const std::unique_ptr<ChangeFeed::Subscription> subscription_;
};

/// Whether a Host ("localhost:8001") or an Origin ("http://localhost:8001") is one of these, whose port may be open.
bool is_among(const std::vector<std::string>& allowed, std::string_view value);

}  // namespace kriya::mcp
