// The client of a legacy session, while it waits for the answer to one request.
#pragma once

#include <memory>
#include <optional>

#include "mcp/session.h"

namespace kriya::mcp {

class LegacyConversation final : public Conversation {
 public:
  /// Without a stream nothing reaches the client, and it cannot be asked. The deadline bounds what it is asked.
  LegacyConversation(std::shared_ptr<Session> session, std::shared_ptr<EventStream> stream,
                     std::optional<RequestId> progress_token, Deadline deadline)
      : session_(std::move(session)),
        stream_(std::move(stream)),
        progress_token_(std::move(progress_token)),
        deadline_(std::move(deadline)) {}

  void progress(double done, std::optional<double> total, std::string message) override;
  void log(LogLevel level, std::string logger, json::value data) override;
  Task<tl::expected<json::object, RpcError>> ask(std::string method, json::object params) override;
  void let_client_poll() override;

 private:
  const std::shared_ptr<Session> session_;
  const std::shared_ptr<EventStream> stream_;
  const std::optional<RequestId> progress_token_;
  const Deadline deadline_;
};

}  // namespace kriya::mcp
