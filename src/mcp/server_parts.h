// What both eras of the server share.
#pragma once

#include <chrono>
#include <memory>

#include "http/caller.h"
#include "mcp/change_feed.h"
#include "mcp/era_rules.h"
#include "mcp/running.h"
#include "mcp/stream_guard.h"
#include "telemetry/log.h"

namespace kriya::mcp {

struct ServerTimes {
  std::chrono::milliseconds call{5 * 60'000};    // for one call, with all that it asks the client
  std::chrono::milliseconds keep_alive{15'000};  // between comments on a silent stream, and looks at who opened one
  std::chrono::milliseconds poll_after{500};     // when a client comes back to a stream that was closed (`retry`)
  std::chrono::milliseconds list_is_fresh{0};    // ttlMs of lists: they are made for each person, and may change
};

/// All references outlive the server.
struct ServerParts {
  Offer& offer;
  ChangeFeed& changes;
  const telemetry::Log& log;
  std::shared_ptr<Running> running;
  ServerTimes times = {};
  StillGood still_good = {};

  StreamGuard guard(const http::Caller& caller) const { return {still_good, caller.bearer, times.keep_alive}; }
};

/// Who asks, but for what the era knows.
Asker asker_of(const http::Request& request, const http::Caller& caller, const json::object& params,
               std::string_view version, Deadline deadline);

/// The principal whom the access rules found; nobody in particular where they admit all.
http::Principal principal_of(const http::Caller& caller);

/// Runs a feature and turns what it throws into kInternalError.
Task<Outcome> run_feature(const ServerParts& parts, const Asker& asker, std::string method, json::object params,
                          Input input);

RpcError internal_error();

}  // namespace kriya::mcp
