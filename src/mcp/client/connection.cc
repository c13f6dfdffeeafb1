#include "mcp/client/connection.h"

#include <algorithm>
#include <stop_token>
#include <utility>

#include <boost/asio/this_coro.hpp>

#include "mcp/client/failures.h"
#include "mcp/client/negotiation.h"
#include "runtime/mailbox.h"

namespace kriya::mcp::client {
namespace {

constexpr int kMostBreaks = 5;  // of one stream, without a byte between them
constexpr std::chrono::milliseconds kMostPause{30'000};
constexpr std::chrono::seconds kFarewell{2};  // for words that nobody waits for

/// Returns early when the stop is requested.
Task<void> pause(std::chrono::milliseconds span, Deadline deadline) {
  const auto box = std::make_shared<Mailbox<bool>>(co_await asio::this_coro::executor);
  const auto wake = [box] { box->close(); };
  const std::stop_callback<decltype(wake)> on_stop(deadline.stop(), wake);
  co_await box->take(std::min(span, kMostPause));
}

}  // namespace

std::shared_ptr<const Agreement> Connection::known() const {
  const std::scoped_lock lock(mutex_);
  return agreement_;
}

void Connection::remember(Agreement agreement) {
  auto shared = std::make_shared<const Agreement>(std::move(agreement));
  const std::scoped_lock lock(mutex_);
  agreement_ = std::move(shared);
}

void Connection::forget(const Agreement& agreement) {
  const std::scoped_lock lock(mutex_);
  if (agreement_ && agreement_->version == agreement.version && agreement_->session_id == agreement.session_id) {
    agreement_.reset();
  }
}

// Two calls that begin together may both agree with the server; that costs an unused session at worst.
Task<Result<Agreement>> Connection::agree(Deadline deadline) {
  if (const auto agreement = known()) co_return *agreement;
  std::string version(version::kLatest);
  for (int attempt = 0; attempt < 2; ++attempt) {
    const Agreement asked{.version = version};
    const RequestId id = next_id();
    const Heard nothing;
    auto request = request_for(server_, asked, id, {.method = std::string(method::kDiscover)});
    const auto reply = co_await exchange(asked, id, std::move(request), nothing, deadline);
    if (!reply) co_return fail(reply.error());
    auto verdict = judge_discovery(*reply, version);
    if (!verdict) co_return fail(verdict.error());
    if (auto* agreement = std::get_if<Agreement>(&*verdict)) {
      remember(*agreement);
      co_return std::move(*agreement);
    }
    if (std::holds_alternative<BeginSession>(*verdict)) break;
    version = std::get<AskAgain>(*verdict).version;
    if (attempt > 0) co_return fail(Errc::conflict, "The MCP server refuses a version that it offers.");
  }
  co_return co_await begin_session(deadline);
}

Task<Result<Agreement>> Connection::begin_session(Deadline deadline) {
  const Agreement none;
  const Heard nothing;
  const RequestId id = next_id();
  auto request =
      request_for(server_, none, id, {.method = std::string(method::kInitialize), .params = initialize_params()});
  const auto reply = co_await exchange(none, id, std::move(request), nothing, deadline);
  if (!reply) co_return fail(reply.error());
  auto agreement = judge_initialize(*reply);
  if (!agreement) co_return fail(agreement.error());
  const auto status =
      co_await post(post_for(server_, *agreement, write_notification(notification::kInitialized)), deadline);
  if (!status) co_return fail(status.error());
  if (*status >= 300) co_return fail(error_of(Reply{.status = *status}));
  remember(*agreement);
  co_return *std::move(agreement);
}

Task<Result<json::object>> Connection::call(Make make, Heard heard, Deadline deadline) {
  for (bool again = false;; again = true) {
    const auto agreement = co_await agree(deadline);
    if (!agreement) co_return fail(agreement.error());
    const RequestId id = next_id();
    auto outgoing = make(*agreement, id);
    if (!outgoing) co_return fail(outgoing.error());
    auto request = request_for(server_, *agreement, id, *std::move(outgoing));
    auto reply = co_await exchange(*agreement, id, std::move(request), heard, deadline);
    if (!reply) {
      // In the modern era the closed connection says it.
      if (deadline.passed() && agreement->era() == Era::legacy) co_await cancel(*agreement, id);
      co_return fail(reply.error());
    }
    if (!again && is_over(*agreement, *reply)) {
      forget(*agreement);
      continue;
    }
    if (const json::object* result = reply->result()) co_return *result;
    co_return fail(error_of(*reply));
  }
}

Task<Result<Reply>> Connection::exchange(const Agreement& agreement, RequestId id, http::client::Request request,
                                         const Heard& heard, Deadline deadline) {
  AnswerReader reader(std::move(id));
  std::string resumed_after;
  for (int breaks = 0;;) {
    auto stream = co_await http_.open(std::move(request), deadline);
    if (!stream && (breaks == 0 || deadline.passed())) co_return fail(error_of(stream.error()));
    if (stream) {
      const int status = (*stream)->head().status;
      if (breaks > 0 && status != 200) {
        co_return fail(Errc::bad_request, "The MCP server's answer broke off and cannot be taken up (status " +
                                              std::to_string(status) + ").");
      }
      reader.begin((*stream)->head());
      const auto whole = co_await read(**stream, reader, agreement, heard, deadline);
      if (!whole) co_return fail(whole.error());
      if (deadline.passed() && !reader.is_complete()) {
        co_return fail(error_of(http::client::Failure{
            .sent = true, .detail = {}, .timed_out = true, .stopped = deadline.stop().stop_requested()}));
      }
      if (reader.is_complete() || reader.reply().status >= 300) co_return reader.reply();
      if (!reader.may_resume() || agreement.version.empty() || agreement.era() == Era::modern) {
        if (*whole) co_return reader.reply();
        co_return fail(Errc::unavailable, "The connection to the MCP server broke before its answer was there.");
      }
    }
    if (reader.last_event_id() != resumed_after) breaks = 0;
    if (++breaks > kMostBreaks)
      co_return fail(Errc::unavailable, "The MCP server's answer breaks off again and again.");
    resumed_after = reader.last_event_id();
    co_await pause(reader.retry(), deadline);
    request = resumption_for(server_, agreement, resumed_after);
  }
}

Task<Result<bool>> Connection::read(http::client::Stream& stream, AnswerReader& reader, const Agreement& agreement,
                                    const Heard& heard, Deadline deadline) {
  for (;;) {
    const auto piece = co_await stream.next();
    if (!piece) co_return false;
    auto asides = *piece ? reader.take(**piece) : reader.end();
    if (!asides) co_return fail(asides.error());
    co_await attend(*std::move(asides), agreement, heard, deadline);
    if (!*piece || reader.is_complete()) co_return true;
  }
}

Task<void> Connection::attend(std::vector<Aside> asides, const Agreement& agreement, const Heard& heard,
                              Deadline deadline) {
  for (const Aside& aside : asides) {
    if (const auto* notification = std::get_if<RpcNotification>(&aside)) {
      if (heard) heard(*notification);
      continue;
    }
    const auto& request = std::get<RpcRequest>(aside);
    if (agreement.version.empty() || agreement.era() == Era::modern) continue;  // it must not ask there
    const std::string answer =
        request.method == method::kPing
            ? write_result(request.id, {})
            : write_error(request.id, {rpc_code::kMethodNotFound, "This client cannot do that."});
    co_await post(post_for(server_, agreement, answer), deadline.within(kFarewell));
  }
}

Task<void> Connection::cancel(const Agreement& agreement, RequestId id) {
  const auto message = write_notification(notification::kCancelled,
                                          {{"requestId", to_json(id)}, {"reason", "Nobody waits for it any more."}});
  co_await post(post_for(server_, agreement, message), Deadline::after(kFarewell));
}

Task<Result<int>> Connection::post(http::client::Request request, Deadline deadline) {
  const auto stream = co_await http_.open(std::move(request), deadline);
  if (!stream) co_return fail(error_of(stream.error()));
  co_return (*stream)->head().status;
}

Task<void> Connection::end(Deadline deadline) {
  const auto agreement = known();
  if (!agreement || agreement->session_id.empty()) co_return;
  forget(*agreement);
  co_await post(goodbye_for(server_, *agreement), deadline);
}

}  // namespace kriya::mcp::client
