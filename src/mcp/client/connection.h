// One MCP server, called over HTTP: agreeing on a version, sessions, streams that break off.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>

#include "http/client/stream.h"
#include "mcp/client/exchange.h"

namespace kriya::mcp::client {

/// Declares no capability: what the server asks back (sampling, elicitation, roots) is answered with "method not
/// found". Safe to call from any thread; each call needs no other one. `http` must outlive this.
class Connection {
 public:
  /// What the server says besides its answer; on the caller's thread.
  using Heard = std::function<void(const RpcNotification&)>;

  Connection(http::client::StreamingClient& http, Server server) : http_(http), server_(std::move(server)) {}

  const Server& server() const { return server_; }

  /// What holds between both sides, found out at the first call. Errors: those of `call`, and conflict (no version in
  /// common).
  Task<Result<Agreement>> agree(Deadline deadline);

  using Make = std::function<Result<Outgoing>(const Agreement&, const RequestId&)>;

  /// The result of one request, which is made when the agreement is known, and again should the server no longer go by
  /// it. With the deadline's stop the server is told that nobody waits any more. Errors: those of `make`; and, in words
  /// for a person, those of `error_of` (failures.h).
  Task<Result<json::object>> call(Make make, Heard heard, Deadline deadline);

  /// Ends the session, where there is one. Its failure harms nobody.
  Task<void> end(Deadline deadline);

 private:
  Task<Result<Agreement>> begin_session(Deadline deadline);
  Task<Result<Reply>> exchange(const Agreement& agreement, RequestId id, http::client::Request request,
                               const Heard& heard, Deadline deadline);
  /// Reads one connection to its end, or to the answer. False: it broke off.
  Task<Result<bool>> read(http::client::Stream& stream, AnswerReader& reader, const Agreement& agreement,
                          const Heard& heard, Deadline deadline);
  Task<void> attend(std::vector<Aside> asides, const Agreement& agreement, const Heard& heard, Deadline deadline);
  Task<void> cancel(const Agreement& agreement, RequestId id);
  Task<Result<int>> post(http::client::Request request, Deadline deadline);  // the status

  std::shared_ptr<const Agreement> known() const;
  void remember(Agreement agreement);
  void forget(const Agreement& agreement);
  RequestId next_id() { return RequestId(++last_id_); }

  http::client::StreamingClient& http_;
  const Server server_;
  std::atomic<std::int64_t> last_id_ = 0;
  mutable std::mutex mutex_;
  std::shared_ptr<const Agreement> agreement_;  // under the mutex
};

}  // namespace kriya::mcp::client
