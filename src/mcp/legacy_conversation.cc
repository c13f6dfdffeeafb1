#include "mcp/legacy_conversation.h"

#include <boost/asio/this_coro.hpp>

#include "mcp/era_rules.h"
#include "mcp/protocol.h"

namespace kriya::mcp {
namespace {

tl::unexpected<RpcError> cannot_ask(std::string message) {
  return tl::unexpected(RpcError{rpc_code::kInternalError, std::move(message)});
}

}  // namespace

void LegacyConversation::progress(double done, std::optional<double> total, std::string message) {
  if (!progress_token_ || !stream_) return;
  json::object params{{"progressToken", to_json(*progress_token_)}, {"progress", done}};
  if (total) params["total"] = *total;
  if (!message.empty()) params["message"] = message;
  stream_->put(write_notification(notification::kProgress, params));
}

void LegacyConversation::log(LogLevel level, std::string logger, json::value data) {
  if (!stream_ || level < session_->log_level()) return;
  json::object params{{"level", name(level)}, {"data", std::move(data)}};
  if (!logger.empty()) params["logger"] = logger;
  stream_->put(write_notification(notification::kMessage, params));
}

Task<tl::expected<json::object, RpcError>> LegacyConversation::ask(std::string method, json::object params) {
  const std::string_view capability = capability_for(method);
  if (!stream_ || capability.empty()) co_return cannot_ask("The client cannot be asked here.");
  if (object_member(session_->capabilities(), capability) == nullptr) {
    co_return cannot_ask("The client does not support " + std::string(capability) + ".");
  }
  const Session::Question question = session_->ask(co_await asio::this_coro::executor);
  const std::stop_callback give_up(deadline_.stop(), [answer = question.answer] { answer->close(); });
  stream_->put(write_request(question.id, method, params));
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline_.at() - Deadline::Steady::now());
  auto response = co_await question.answer->take(left);
  session_->forget(question);
  if (!response) co_return cannot_ask("The client did not answer.");
  co_return std::move(response->outcome);
}

void LegacyConversation::let_client_poll() {
  if (stream_ && session_->version() >= version::k2025_11_25) stream_->close_reader();
}

}  // namespace kriya::mcp
