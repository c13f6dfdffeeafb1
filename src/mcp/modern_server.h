// The modern era (2026-07-28): every request stands for itself.
#pragma once

#include "http/message.h"
#include "mcp/answers.h"
#include "mcp/request_state.h"
#include "mcp/server_parts.h"

namespace kriya::mcp {

/// Safe to use from every I/O thread.
class ModernServer {
 public:
  /// `parts` and `states` must outlive it.
  ModernServer(const ServerParts& parts, const RequestStates& states) : parts_(parts), states_(states) {}

  /// A request or notification that is of this era.
  Task<http::Response> answer(const http::Request& request, const http::Caller& caller, RpcMessage message);

 private:
  struct Call;

  Task<http::Response> answer_request(const http::Request& request, const http::Caller& caller, RpcRequest rpc);
  Task<http::Response> call(const http::Request& request, const http::Caller& caller, RpcRequest rpc, ModernMeta meta);
  tl::expected<Input, RpcError> read_input(const json::object& params, const RequestStates::Call& call) const;
  http::Response listen(const http::Caller& caller, const RpcRequest& rpc, Executor executor);
  json::object discover() const;

  const ServerParts& parts_;
  const RequestStates& states_;
};

}  // namespace kriya::mcp
