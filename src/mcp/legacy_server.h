// The legacy era (2025-03-26 to 2025-11-25): sessions, streams that can be taken up again, requests to the client.
#pragma once

#include "http/message.h"
#include "mcp/answers.h"
#include "mcp/server_parts.h"
#include "mcp/sessions.h"

namespace kriya::mcp {

/// Safe to use from every I/O thread.
class LegacyServer {
 public:
  /// `parts` and `sessions` must outlive it.
  LegacyServer(const ServerParts& parts, Sessions& sessions) : parts_(parts), sessions_(sessions) {}

  /// One message of a POST.
  Task<http::Response> answer(const http::Request& request, const http::Caller& caller, RpcMessage message);

  /// A batch, which 2025-03-26 alone knows. Its answers come together; nothing is streamed.
  Task<http::Response> answer_batch(const http::Request& request, const http::Caller& caller, json::array batch);

  /// GET: what belongs to no request, or a stream that is taken up again.
  Task<http::Response> listen(const http::Request& request, const http::Caller& caller);

  /// DELETE: the client ends its session.
  http::Response end(const http::Request& request, const http::Caller& caller);

 private:
  struct Call;

  tl::expected<std::shared_ptr<Session>, Refusal> find_session(const http::Request& request,
                                                               const http::Caller& caller);
  http::Response initialize(const http::Request& request, const http::Caller& caller, const RpcRequest& rpc);
  Task<http::Response> answer_request(const http::Request& request, const http::Caller& caller,
                                      std::shared_ptr<Session> session, RpcRequest rpc);
  Task<http::Response> stream_call(const http::Request& request, const http::Caller& caller,
                                   std::shared_ptr<Call> call);
  std::shared_ptr<Call> prepare(const http::Request& request, const http::Caller& caller,
                                std::shared_ptr<Session> session, RpcRequest rpc, bool streamed);
  std::optional<Outcome> answer_at_once(Session& session, const RpcRequest& rpc);
  static void take_notification(Session& session, const RpcNotification& notification);
  http::Response stream(std::shared_ptr<Session> session, std::shared_ptr<EventStream> events,
                        EventStream::Reader reader, std::string preface, std::optional<EventStream::Event> first,
                        std::stop_token gone, StreamGuard guard = {});

  const ServerParts& parts_;
  Sessions& sessions_;
};

}  // namespace kriya::mcp
