// One message to an MCP server, without sockets: what to send, and what the bytes that come back mean.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/secret.h"
#include "http/client/client.h"
#include "http/sse.h"
#include "mcp/json_rpc.h"
#include "mcp/protocol.h"

namespace kriya::mcp::client {

/// Where the server is, and what this client shows it. No redirect is followed, so the token stays at this address.
struct Server {
  std::string url;        // of its MCP endpoint
  Secret token = {};      // for `Authorization: Bearer`; empty: none
  std::string name = {};  // for people: what it is called in errors and as a tool's upstream
};

/// What both sides go by from now on.
struct Agreement {
  std::string version;
  std::string session_id = {};  // legacy; empty: the server keeps no sessions
  json::object server_info = {};
  std::string instructions = {};  // the server's, for a model; not to be trusted more than its tools are

  Era era() const { return era_of(version); }
};

struct Outgoing {
  std::string method;
  json::object params = {};
  http::client::Headers headers = {};  // Mcp-Param-*, of the modern era
};

/// A request as it goes out: with `_meta` and the headers of the agreement's era.
http::client::Request request_for(const Server& server, const Agreement& agreement, const RequestId& id,
                                  Outgoing outgoing);

/// A notification or a response that is written already; of the legacy era.
http::client::Request post_for(const Server& server, const Agreement& agreement, std::string message);

/// Asks for the rest of a stream that broke off; of the legacy era.
http::client::Request resumption_for(const Server& server, const Agreement& agreement, std::string last_event_id);

/// Ends the session; of the legacy era.
http::client::Request goodbye_for(const Server& server, const Agreement& agreement);

/// What a server says besides its answer.
using Aside = std::variant<RpcRequest, RpcNotification>;

/// The whole answer, for the rules that judge it.
struct Reply {
  int status = 0;
  std::optional<RpcResponse> response = {};  // none: the body was no JSON-RPC
  std::string session_id = {};
  std::string challenge = {};             // WWW-Authenticate
  std::chrono::seconds retry_after = {};  // 0: not said

  const RpcError* error() const { return response && !response->outcome ? &response->outcome.error() : nullptr; }
  const json::object* result() const { return response && response->outcome ? &*response->outcome : nullptr; }
};

/// Puts an answer together, be it JSON or a stream of events, one connection after the other.
class AnswerReader {
 public:
  static constexpr std::size_t kMostBytes = 16 * 1024 * 1024;  // of a JSON body, or of one event

  explicit AnswerReader(RequestId awaited) : awaited_(std::move(awaited)) {}

  /// The head of the first connection, or of one that goes on after it.
  void begin(const http::client::Response& head);

  /// Both give what the server said besides. Errors: bad_request, when a success is no JSON-RPC, or is too long.
  Result<std::vector<Aside>> take(std::string_view bytes);
  Result<std::vector<Aside>> end();

  bool is_complete() const { return reply_.response.has_value(); }
  const Reply& reply() const { return reply_; }

  /// Whether the stream broke off where it can be taken up again.
  bool may_resume() const { return !is_complete() && !last_event_id_.empty(); }
  const std::string& last_event_id() const { return last_event_id_; }
  std::chrono::milliseconds retry() const { return retry_; }  // how long to wait before

 private:
  Result<void> take_text(std::string_view text, std::vector<Aside>& asides);
  Result<void> take_message(const json::value& document, std::vector<Aside>& asides);

  RequestId awaited_;
  Reply reply_;
  bool is_stream_ = false;
  std::string body_;
  http::SseParser events_{kMostBytes};
  std::string last_event_id_;
  std::chrono::milliseconds retry_{1'000};
};

}  // namespace kriya::mcp::client
