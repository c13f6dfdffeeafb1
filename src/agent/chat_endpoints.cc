#include "agent/chat_endpoints.h"

#include <algorithm>

#include <boost/asio/this_coro.hpp>

#include "agent/chat_messages.h"
#include "agent/command_help.h"
#include "base/encoding.h"
#include "crypto/digest.h"
#include "http/accept.h"
#include "http/sse.h"

namespace kriya::agent {
namespace {

using http::Caller;
using http::Method;
using http::RateLimit;
using http::Request;
using http::Response;

constexpr const char* kChatTag = "Chat";
constexpr std::chrono::seconds kHeartbeat{15};

const RateLimit kChatLimit{.name = "chat", .scope = RateLimit::Scope::address, .requests = 600};
const RateLimit kChatLimitOfUser{.name = "chat-user", .scope = RateLimit::Scope::principal, .requests = 60};
const RateLimit kControlLimit{.name = "chat-control", .scope = RateLimit::Scope::address, .requests = 1'200};

/// Of W3C Trace Context: "00-<32 hex digits>-<16>-<2>"; empty when there is none.
std::string trace_id_of(const Request& request) {
  const std::string_view header = request.header("traceparent").value_or("");
  if (header.size() < 55 || header[2] != '-' || header[35] != '-') return {};
  const std::string_view id = header.substr(3, 32);
  const bool hex = std::ranges::all_of(id, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
  return hex && id.find_first_not_of('0') != std::string_view::npos ? std::string(id) : std::string();
}

bool wants_events(const Request& request, const ChatRequest& body) {
  if (body.stream) return *body.stream;
  return http::acceptance_of(request, "text/event-stream").named;  // by */* most programs mean JSON
}

/// Stops the chat when nobody will read on: also when the answer was never begun.
struct Reader {
  explicit Reader(std::shared_ptr<RunningChat> running) : chat(std::move(running)) {}
  ~Reader() { chat->turn->stop(); }
  Reader(const Reader&) = delete;

  std::shared_ptr<RunningChat> chat;
};

/// Ends at once when the client is gone; the chat ends by itself then, and says no more.
Task<void> relay(std::shared_ptr<Reader> reader, std::stop_token gone, http::BodyWriter& writer) {
  const auto events = reader->chat->events;
  const std::stop_callback leave(gone, [events] { events->close(); });
  for (;;) {
    const auto event = co_await events->take(kHeartbeat);
    if (!event && events->is_done()) co_return;
    const bool there =
        co_await writer.write(event ? http::sse_text(event->name, event->data) : std::string(http::kSseKeepAlive));
    if (!there) co_return;
  }
}

Response stream_of(std::shared_ptr<RunningChat> chat, std::stop_token gone) {
  Response response;
  response.content_type = "text/event-stream";
  response.add_header("Cache-Control", "no-store");
  response.add_header("X-Accel-Buffering", "no");  // nginx would keep events back
  response.stream = [reader = std::make_shared<Reader>(std::move(chat)), gone](http::BodyWriter& writer) {
    return relay(reader, gone, writer);
  };
  return response;
}

Task<Response> answer_of(std::shared_ptr<RunningChat> chat, const std::string& request_id) {
  while (!chat->events->is_done()) co_await chat->events->take(kHeartbeat);
  if (chat->failure) co_return http::problem_response(*chat->failure, request_id);
  Response response;
  response.body = chat->answer;
  response.add_header("Cache-Control", "no-store");
  co_return response;
}

Task<Response> run_chat(Chat* chat, const Request& request, const Caller& caller) {
  auto body = http::read_input<ChatRequest>(request, caller);
  if (!body) co_return http::problem_response(body.error(), caller.request_id);
  const bool events = wants_events(request, *body);
  ChatClient client{.owner = owner_of(*caller.principal),
                    .principal = *caller.principal,
                    .request_id = caller.request_id,
                    .trace_id = trace_id_of(request),
                    .address = caller.address,
                    .can_approve = events,
                    .gone = caller.connection == nullptr ? std::stop_token() : caller.connection->gone()};
  const std::stop_token gone = client.gone;
  auto started = co_await chat->start(*std::move(body), std::move(client), caller.deadline);
  if (!started) co_return http::problem_response(started.error(), caller.request_id);
  if (events) co_return stream_of(*std::move(started), gone);
  co_return co_await answer_of(*std::move(started), caller.request_id);
}

Task<Result<CommandList>> list_commands(tools::ToolSource* tools, CommandQuery query, http::Principal principal,
                                        Deadline deadline) {
  const auto specs = co_await tools->list(std::move(principal), std::move(deadline));
  if (!specs) co_return fail(specs.error());
  CommandList list;
  for (Completion& one : complete(query.text.value_or("/"), *specs)) {
    list.completions.push_back({std::move(one.text), std::move(one.label), std::move(one.description)});
  }
  co_return list;
}

Task<Result<Accepted>> cancel(LiveTurns* turns, std::string owner, Uuid conversation, Deadline deadline) {
  if (!co_await turns->cancel(std::move(owner), conversation, std::move(deadline))) {
    co_return fail(Errc::not_found, "Nothing of yours runs in this conversation.");
  }
  co_return Accepted{true, "Stopping"};
}

Task<Result<Accepted>> decide(LiveTurns* turns, std::string owner, ApprovalRequest request, Deadline deadline) {
  if (!co_await turns->decide(std::move(owner), request.conversation_id, request.id, request.decision,
                              std::move(deadline))) {
    co_return fail(Errc::not_found, "No such call of yours waits for an approval.");
  }
  co_return Accepted{true, "Decided"};
}

ChatRequest example_request() {
  ChatRequest request;
  request.message = "What is 2 + 3?";
  return request;
}

void add_chat(http::Router& router, const http::AccessRule& browser, Chat& chat) {
  auto route = http::make_route(
      Method::post, "/api/chat",
      http::Endpoint<ChatRequest, ChatAnswer>{
          .summary = "Say something to the agent",
          .description = "With `Accept: text/event-stream` or `stream` the answer comes as events: start, text, "
                         "tool_call, approval, tool_progress, tool_result, and at the end done or error. A closed "
                         "connection stops the model and the tools.",
          .tag = kChatTag,
          .access = {browser},
          .limits = {kChatLimit, kChatLimitOfUser},
          .errors = {Errc::not_found, Errc::conflict, Errc::too_many_requests, Errc::model_unavailable,
                     Errc::overloaded, Errc::unavailable},
          .example_request = example_request(),
          .other_types = {"text/event-stream"},
          .handle = {}});
  route.run = [&chat](const Request& request, const Caller& caller) { return run_chat(&chat, request, caller); };
  router.add(std::move(route));
}

}  // namespace

std::string owner_of(const http::Principal& principal) {
  if (principal.user_id || principal.session.empty()) return principal.subject();
  return "browser:" + base64url_encode(crypto::sha256(principal.session));
}

void add_chat_endpoints(http::Router& router, const http::AccessRule& browser, ChatEndpoints parts) {
  add_chat(router, browser, parts.chat);
  router.add(Method::get, "/api/chat/commands",
             http::Endpoint<CommandQuery, CommandList>{
                 .summary = "What may follow in a command that is being typed",
                 .tag = kChatTag,
                 .access = {browser},
                 .limits = {kControlLimit},
                 .errors = {Errc::unavailable},
                 .handle =
                     [tools = &parts.tools](const CommandQuery& query, const Caller& caller) {
                       return list_commands(tools, query, *caller.principal, caller.deadline);
                     },
             });
  router.add(Method::post, "/api/chat/{conversation_id}/cancel",
             http::Endpoint<TurnPath, Accepted>{
                 .summary = "Stop the answer that is on its way in a conversation",
                 .tag = kChatTag,
                 .access = {browser},
                 .limits = {kControlLimit},
                 .errors = {Errc::not_found, Errc::unavailable},
                 .handle =
                     [turns = &parts.turns](const TurnPath& path, const Caller& caller) {
                       return cancel(turns, owner_of(*caller.principal), path.conversation_id, caller.deadline);
                     },
             });
  router.add(Method::post, "/api/chat/{conversation_id}/approvals",
             http::Endpoint<ApprovalRequest, Accepted>{
                 .summary = "Allow or deny a call that the agent wants to make",
                 .description = "`id` is that of the `approval` event; `always` allows this tool for the rest of the "
                                "conversation.",
                 .tag = kChatTag,
                 .access = {browser},
                 .limits = {kControlLimit},
                 .errors = {Errc::not_found, Errc::unavailable},
                 .handle =
                     [turns = &parts.turns](const ApprovalRequest& request, const Caller& caller) {
                       return decide(turns, owner_of(*caller.principal), request, caller.deadline);
                     },
             });
  add_conversation_endpoints(router, browser, parts.conversations, parts.turns);
}

}  // namespace kriya::agent
