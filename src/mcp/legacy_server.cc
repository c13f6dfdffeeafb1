#include "mcp/legacy_server.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "http/sse.h"
#include "mcp/feature_calls.h"
#include "mcp/legacy_conversation.h"

namespace kriya::mcp {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMostInBatch = 32;

Refusal refusal(int status, std::int64_t code, std::string message) { return {status, {code, std::move(message)}}; }

/// What may speak to the client before it answers, or take its time.
bool may_take_long(std::string_view method) {
  return method == method::kToolsCall || method == method::kPromptsGet || method == method::kResourcesRead ||
         method == method::kComplete;
}

std::string message_of(const RequestId& id, Outcome outcome) {
  if (auto* result = std::get_if<json::object>(&outcome)) return write_result(id, *result);
  if (const auto* error = std::get_if<RpcError>(&outcome)) return write_error(id, *error);
  return write_error(id, {rpc_code::kInternalError, "This needs a client of a newer protocol version."});
}

/// The beginning of a stream that a client may lose and take up again: an id before any message, and when to come back
/// (SEP-1699). Older clients would read the empty data as a message.
std::string preface_of(const Session& session, const EventStream& events, std::chrono::milliseconds poll_after) {
  if (session.version() < version::k2025_11_25) return {};
  return "retry: " + std::to_string(poll_after.count()) + "\n" +
         http::sse_text("", "", EventId{events.number(), 0}.str());
}

/// Lets go of a reader when nobody writes what it reads any more, or never did.
class Attached {
 public:
  Attached(std::shared_ptr<EventStream> events, EventStream::Reader reader)
      : events_(std::move(events)), reader_(std::move(reader)) {}
  ~Attached() { events_->detach(reader_); }
  Attached(const Attached&) = delete;

 private:
  std::shared_ptr<EventStream> events_;
  EventStream::Reader reader_;
};

Task<void> write_events(http::BodyWriter& body, EventStream::Reader reader, std::string preface,
                        std::optional<EventStream::Event> first, std::stop_token gone, std::stop_token stopped,
                        std::chrono::milliseconds keep_alive, StreamGuard guard) {
  const auto close = [reader] { reader->close(); };
  const std::stop_callback leave(gone, close);
  const std::stop_callback stop(stopped, close);
  if (first) preface += event_text(first->data, first->id.str());
  bool open = !(first && first->last) && !preface.empty() ? co_await body.write(std::move(preface)) : true;
  while (open) {
    const auto event = co_await reader->take(keep_alive);
    if (!event && reader->is_done()) break;
    if (!co_await guard.lets_on()) break;
    open = co_await body.write(event ? event_text(event->data, event->id.str()) : std::string(http::kSseKeepAlive));
    if (event && event->last) break;
  }
}

/// What of `clientInfo` is kept: a client may send a megabyte.
json::object short_client_info(const json::object* given) {
  constexpr std::size_t kMostBytes = 256;
  json::object kept;
  for (const std::string_view member : {"name", "title", "version"}) {
    const json::string* text = given == nullptr ? nullptr : string_member(*given, member);
    if (text != nullptr && text->size() <= kMostBytes) kept[member] = *text;
  }
  return kept;
}

}  // namespace

/// A request that is under way. It owns all that it needs, since it goes on when its connection is lost.
struct LegacyServer::Call {
  std::shared_ptr<Session> session;
  RpcRequest rpc;
  Asker asker;
  std::stop_source stop;
  std::shared_ptr<EventStream> events;  // null: it is answered in one piece
  std::shared_ptr<Running::Ticket> ticket;

  ~Call() { session->end(rpc.id); }

  static Task<Outcome> run(const ServerParts& parts, std::shared_ptr<Call> call) {
    co_return co_await run_feature(parts, call->asker, call->rpc.method, std::move(call->rpc.params), {});
  }

  static Task<void> run_beside(const ServerParts& parts, std::shared_ptr<Call> call) {
    Outcome outcome = co_await run(parts, call);
    // A request that its client took back is not answered ("Cancellation"): the stream just ends.
    if (call->stop.stop_requested()) {
      call->events->close_reader();
      call->session->forget(*call->events);
      co_return;
    }
    call->events->put(message_of(call->rpc.id, std::move(outcome)), true);
  }
};

Task<http::Response> LegacyServer::answer(const http::Request& request, const http::Caller& caller,
                                          RpcMessage message) {
  auto* rpc = std::get_if<RpcRequest>(&message);
  if (rpc != nullptr && rpc->method == method::kInitialize) co_return initialize(request, caller, *rpc);
  auto session = find_session(request, caller);
  if (!session) {
    co_return answer_with_refusal(session.error(), rpc == nullptr ? std::nullopt : std::optional(rpc->id));
  }
  if (rpc != nullptr) co_return co_await answer_request(request, caller, *std::move(session), std::move(*rpc));
  if (const auto* notification = std::get_if<RpcNotification>(&message)) {
    take_notification(**session, *notification);
  } else {
    (*session)->answer(std::get<RpcResponse>(std::move(message)));
  }
  co_return accepted_without_answer();
}

Task<http::Response> LegacyServer::answer_batch(const http::Request& request, const http::Caller& caller,
                                                json::array batch) {
  auto session = find_session(request, caller);
  if (!session) co_return answer_with_refusal(session.error(), {});
  if ((*session)->version() != version::k2025_03_26 || batch.empty() || batch.size() > kMostInBatch) {
    co_return answer_with_refusal(
        refusal(400, rpc_code::kInvalidRequest, "One message a request, or in 2025-03-26 at most 32 in a batch."), {});
  }
  std::string answers;
  for (const json::value& element : batch) {
    auto message = read_message(element);
    std::string answer;
    if (!message) {
      answer = write_error(message.error().id, message.error().error);
    } else if (auto* rpc = std::get_if<RpcRequest>(&*message)) {
      if (auto outcome = answer_at_once(**session, *rpc)) {
        answer = message_of(rpc->id, *std::move(outcome));
      } else {
        const RequestId id = rpc->id;
        auto call = prepare(request, caller, *session, std::move(*rpc), false);
        answer = call ? message_of(id, co_await Call::run(parts_, call)) : write_error(id, internal_error());
      }
    } else if (const auto* notification = std::get_if<RpcNotification>(&*message)) {
      take_notification(**session, *notification);
    } else {
      (*session)->answer(std::get<RpcResponse>(*std::move(message)));
    }
    if (!answer.empty()) answers += (answers.empty() ? "[" : ",") + answer;
  }
  if (answers.empty()) co_return accepted_without_answer();
  co_return answer_with_message(accepted(request), answers + "]");
}

tl::expected<std::shared_ptr<Session>, Refusal> LegacyServer::find_session(const http::Request& request,
                                                                           const http::Caller& caller) {
  const auto id = request.header(header::kSessionId);
  if (!id || request.count(header::kSessionId) > 1) {
    return tl::unexpected(
        refusal(400, rpc_code::kLegacyServerError, "Mcp-Session-Id must be given once: initialize begins a session."));
  }
  auto session = sessions_.find(*id, principal_of(caller).subject());
  if (!session) {
    return tl::unexpected(refusal(404, rpc_code::kSessionNotFound, "Session not found: initialize begins a new one."));
  }
  if (const auto version = request.header(header::kProtocolVersion)) {
    const auto known = find_version(*version);
    if (!known || era_of(*known) != Era::legacy) {
      return tl::unexpected(refusal(400, rpc_code::kLegacyServerError, "MCP-Protocol-Version is not this session's."));
    }
  }
  return session;
}

http::Response LegacyServer::initialize(const http::Request& request, const http::Caller& caller,
                                        const RpcRequest& rpc) {
  const json::string* requested = string_member(rpc.params, "protocolVersion");
  if (requested == nullptr) {
    return answer_with_refusal({400, invalid_params("params.protocolVersion must be a text.")}, rpc.id);
  }
  const json::object* capabilities = object_member(rpc.params, "capabilities");
  SessionTerms terms{negotiate(*requested), known_capabilities(capabilities)};
  const auto session =
      sessions_.open(terms, short_client_info(object_member(rpc.params, "clientInfo")), principal_of(caller).subject());
  json::object result{{"protocolVersion", terms.version},
                      {"capabilities", advertised(parts_.offer)},
                      {"serverInfo", parts_.offer.server_info()}};
  if (!parts_.offer.instructions().empty()) result["instructions"] = parts_.offer.instructions();
  http::Response response = answer_with_message(accepted(request), write_result(rpc.id, result));
  response.add_header(header::kSessionId, session->id());
  return response;
}

std::optional<Outcome> LegacyServer::answer_at_once(Session& session, const RpcRequest& rpc) {
  if (rpc.method == method::kInitialize) {
    return RpcError{rpc_code::kInvalidRequest, "initialize must be a request of its own."};
  }
  if (rpc.method == method::kPing) return json::object();
  if (rpc.method == method::kSetLogLevel) {
    const json::string* text = string_member(rpc.params, "level");
    const auto level = text == nullptr ? std::nullopt : parse_log_level(*text);
    if (!level) return invalid_params("params.level must be a level from debug to emergency.");
    session.set_log_level(*level);
    return json::object();
  }
  const json::object* resources = object_member(parts_.offer.capabilities(), "resources");
  const bool subscribes = resources != nullptr && resources->contains("subscribe");
  if (subscribes && (rpc.method == method::kSubscribe || rpc.method == method::kUnsubscribe)) {
    const json::string* uri = string_member(rpc.params, "uri");
    if (uri == nullptr) return invalid_params("params.uri must be a text.");
    if (rpc.method == method::kUnsubscribe) {
      session.unsubscribe(std::string(*uri));
    } else if (!session.subscribe(std::string(*uri))) {
      return invalid_params("There are too many subscriptions in this session.");
    }
    return json::object();
  }
  if (is_feature(parts_.offer, rpc.method)) return std::nullopt;
  return RpcError{rpc_code::kMethodNotFound, "Method not found: " + rpc.method};
}

void LegacyServer::take_notification(Session& session, const RpcNotification& notification) {
  if (notification.method != notification::kCancelled) return;
  const json::value* value = notification.params.if_contains("requestId");
  if (const auto id = value == nullptr ? std::nullopt : read_request_id(*value)) session.cancel(*id);
}

Task<http::Response> LegacyServer::answer_request(const http::Request& request, const http::Caller& caller,
                                                  std::shared_ptr<Session> session, RpcRequest rpc) {
  const Accepted form = accepted(request);
  const RequestId id = rpc.id;
  if (auto outcome = answer_at_once(*session, rpc)) {
    co_return answer_with_message(form, message_of(id, *std::move(outcome)));
  }
  const bool streamed = form.events && may_take_long(rpc.method);
  auto call = prepare(request, caller, std::move(session), std::move(rpc), streamed);
  if (!call) {
    co_return answer_with_message(
        form, write_error(id, {rpc_code::kInvalidRequest, "The request's id is in use, or too many run."}));
  }
  if (streamed) co_return co_await stream_call(request, caller, std::move(call));
  co_return answer_with_message(form, message_of(id, co_await Call::run(parts_, call)));
}

std::shared_ptr<LegacyServer::Call> LegacyServer::prepare(const http::Request& request, const http::Caller& caller,
                                                          std::shared_ptr<Session> session, RpcRequest rpc,
                                                          bool streamed) {
  std::stop_source stop;
  auto ticket = parts_.running->begin(stop);
  if (!ticket || !session->begin(rpc.id, stop)) return nullptr;
  // The request goes on when its connection is lost: the client says so when it gives up ("Cancellation").
  const Deadline deadline = Deadline::after(parts_.times.call).stopped_by(stop.get_token());
  Asker asker = asker_of(request, caller, rpc.params, session->version(), deadline);
  asker.capabilities = session->capabilities();
  asker.client = session->client();
  asker.session_id = session->log_name();
  auto events = streamed ? session->open_stream() : nullptr;
  asker.conversation = std::make_shared<LegacyConversation>(session, events, progress_token(rpc.params), deadline);
  return std::shared_ptr<Call>(new Call{std::move(session), std::move(rpc), std::move(asker), std::move(stop),
                                        std::move(events), std::move(ticket)});
}

Task<http::Response> LegacyServer::stream_call(const http::Request& request, const http::Caller& caller,
                                               std::shared_ptr<Call> call) {
  // Who writes the stream leaves with the client; the call goes on.
  const std::stop_token gone = caller.connection == nullptr ? std::stop_token() : caller.connection->gone();
  const auto session = call->session;
  const auto events = call->events;
  const RequestId id = call->rpc.id;
  const auto executor = co_await asio::this_coro::executor;
  const auto reader = events->attach(executor, 0);
  asio::co_spawn(executor, Call::run_beside(parts_, std::move(call)), asio::detached);
  // Nothing is sent before there is something to say, so that a call that says nothing is answered in JSON.
  auto first = co_await reader->take(parts_.times.call + 1min);
  const Accepted form = accepted(request);
  if (first && first->last && form.json) {
    session->forget(*events);
    co_return answer_with_message(form, std::move(first->data));
  }
  co_return stream(session, events, reader, preface_of(*session, *events, parts_.times.poll_after), std::move(first),
                   gone);
}

Task<http::Response> LegacyServer::listen(const http::Request& request, const http::Caller& caller) {
  if (!accepted(request).events) {
    co_return answer_with_refusal(refusal(406, rpc_code::kLegacyServerError, "GET gives text/event-stream."), {});
  }
  auto session = find_session(request, caller);
  if (!session) co_return answer_with_refusal(session.error(), {});
  auto events = (*session)->own_stream();
  std::uint64_t after = events->last_number();
  if (const auto last = request.header(header::kLastEventId)) {
    const auto id = EventId::parse(*last);
    events = id ? (*session)->find_stream(id->stream) : nullptr;
    after = id ? id->number : 0;
  }
  const auto reader = events ? events->attach(co_await asio::this_coro::executor, after) : nullptr;
  if (!reader) {
    co_return answer_with_refusal(
        refusal(400, rpc_code::kLegacyServerError, "What followed that event is not kept any more."), {});
  }
  const std::stop_token gone = caller.connection == nullptr ? std::stop_token() : caller.connection->gone();
  co_return stream(*session, events, reader, preface_of(**session, *events, parts_.times.poll_after), {}, gone,
                   parts_.guard(caller));
}

http::Response LegacyServer::end(const http::Request& request, const http::Caller& caller) {
  const auto session = find_session(request, caller);
  if (!session) return answer_with_refusal(session.error(), {});
  sessions_.end((*session)->id(), (*session)->subject());
  return {.status = 204, .content_type = {}};
}

http::Response LegacyServer::stream(std::shared_ptr<Session> session, std::shared_ptr<EventStream> events,
                                    EventStream::Reader reader, std::string preface,
                                    std::optional<EventStream::Event> first, std::stop_token gone, StreamGuard guard) {
  auto attached = std::make_shared<Attached>(std::move(events), reader);
  std::stop_source stop;
  auto ticket = parts_.running->begin(stop);
  if (!ticket) return answer_with_refusal({503, internal_error()}, {});
  return answer_with_events([session, attached, reader, preface, first, gone, stop, ticket,
                             keep_alive = parts_.times.keep_alive, guard = std::move(guard)](http::BodyWriter& body) {
    return write_events(body, reader, preface, first, gone, stop.get_token(), keep_alive, guard);
  });
}

}  // namespace kriya::mcp
