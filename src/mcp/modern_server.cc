#include "mcp/modern_server.h"

#include <algorithm>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "http/sse.h"
#include "mcp/feature_calls.h"
#include "runtime/mailbox.h"

namespace kriya::mcp {
namespace {

using namespace std::chrono_literals;

/// Something for the client of one POST.
struct Piece {
  std::string message;
  int status = 200;
  bool last = false;
};
using Pieces = std::shared_ptr<Mailbox<Piece>>;

/// Writes to the stream of one POST.
class ModernConversation final : public Conversation {
 public:
  ModernConversation(Pieces pieces, std::optional<RequestId> progress_token, std::optional<LogLevel> log_level)
      : pieces_(std::move(pieces)), progress_token_(std::move(progress_token)), log_level_(log_level) {}

  void progress(double done, std::optional<double> total, std::string message) override {
    if (!progress_token_ || !pieces_) return;
    json::object params{{"progressToken", to_json(*progress_token_)}, {"progress", done}};
    if (total) params["total"] = *total;
    if (!message.empty()) params["message"] = message;
    pieces_->put({write_notification(notification::kProgress, params)});
  }

  void log(LogLevel level, std::string logger, json::value data) override {
    if (!log_level_ || level < *log_level_ || !pieces_) return;
    json::object params{{"level", name(level)}, {"data", std::move(data)}};
    if (!logger.empty()) params["logger"] = logger;
    pieces_->put({write_notification(notification::kMessage, params)});
  }

  Task<tl::expected<json::object, RpcError>> ask(std::string, json::object) override {
    co_return tl::unexpected(RpcError{rpc_code::kInternalError, "This client is asked by a result, not by a request."});
  }

  void let_client_poll() override {}

 private:
  const Pieces pieces_;
  const std::optional<RequestId> progress_token_;
  const std::optional<LogLevel> log_level_;
};

bool is_cacheable(std::string_view method) {
  return method == method::kDiscover || method == method::kToolsList || method == method::kPromptsList ||
         method == method::kResourcesList || method == method::kTemplatesList || method == method::kResourcesRead;
}

bool takes_input(std::string_view method) {
  return method == method::kToolsCall || method == method::kPromptsGet || method == method::kResourcesRead;
}

int status_of(const RpcError& error) {
  switch (error.code) {
    case rpc_code::kMethodNotFound:
      return 404;
    case rpc_code::kMissingCapability:
    case rpc_code::kHeaderMismatch:
    case rpc_code::kUnsupportedVersion:
      return 400;
    default:
      return 200;
  }
}

Refusal method_not_found(std::string_view method) {
  return {404, {rpc_code::kMethodNotFound, "Method not found: " + std::string(method)}};
}

/// With what every result of this era has. Lists and contents are this principal's own: nobody else may be given them.
json::object complete(json::object result, std::string_view method, const ServerParts& parts) {
  if (!result.contains("resultType")) result["resultType"] = "complete";
  if (is_cacheable(method)) {
    if (!result.contains("ttlMs")) result["ttlMs"] = parts.times.list_is_fresh.count();
    if (!result.contains("cacheScope")) result["cacheScope"] = "private";
  }
  json::value& meta = result["_meta"];
  if (!meta.is_object()) meta = json::object();
  meta.get_object()[meta::kServerInfo] = parts.offer.server_info();
  return result;
}

Task<void> write_pieces(http::BodyWriter& body, Pieces pieces, Piece first, std::stop_token gone,
                        std::chrono::milliseconds keep_alive) {
  const std::stop_callback leave(gone, [pieces] { pieces->close(); });
  bool last = first.last;
  if (!co_await body.write(event_text(first.message))) co_return;
  while (!last) {
    auto piece = co_await pieces->take(keep_alive);
    if (!piece && pieces->is_done()) co_return;
    if (!co_await body.write(piece ? event_text(piece->message) : std::string(http::kSseKeepAlive))) co_return;
    last = piece && piece->last;
  }
}

/// What a client wants to hear on its stream of changes.
struct Filter {
  bool tools = false;
  bool prompts = false;
  bool resources = false;
  std::vector<std::string> uris = {};

  bool wants(const Change& change) const {
    switch (change.kind) {
      case Change::Kind::tools:
        return tools;
      case Change::Kind::prompts:
        return prompts;
      case Change::Kind::resources:
        return resources;
      case Change::Kind::resource:
        return std::ranges::find(uris, change.uri) != uris.end();
    }
    return false;
  }
};

constexpr std::size_t kMostUris = 256;

bool offers(const json::object& capabilities, std::string_view feature, std::string_view what) {
  const json::object* object = object_member(capabilities, feature);
  const json::value* value = object == nullptr ? nullptr : object->if_contains(what);
  return value != nullptr && value->is_bool() && value->get_bool();
}

/// What was asked for, as far as there is such a thing here.
Filter read_filter(const json::object& wanted, const json::object& capabilities) {
  const auto asks = [&](std::string_view name) {
    const json::value* value = wanted.if_contains(name);
    return value != nullptr && value->is_bool() && value->get_bool();
  };
  Filter filter{.tools = asks("toolsListChanged") && offers(capabilities, "tools", "listChanged"),
                .prompts = asks("promptsListChanged") && offers(capabilities, "prompts", "listChanged"),
                .resources = asks("resourcesListChanged") && offers(capabilities, "resources", "listChanged")};
  const json::array* uris = array_member(wanted, "resourceSubscriptions");
  if (uris == nullptr || !offers(capabilities, "resources", "subscribe")) return filter;
  for (const json::value& uri : *uris) {
    if (uri.is_string() && filter.uris.size() < kMostUris) filter.uris.emplace_back(uri.get_string());
  }
  return filter;
}

json::object to_json(const Filter& filter) {
  json::object object;
  if (filter.tools) object["toolsListChanged"] = true;
  if (filter.prompts) object["promptsListChanged"] = true;
  if (filter.resources) object["resourcesListChanged"] = true;
  if (!filter.uris.empty()) object["resourceSubscriptions"] = json::array(filter.uris.begin(), filter.uris.end());
  return object;
}

using Changes = std::shared_ptr<Mailbox<Change>>;

/// One `subscriptions/listen`: an acknowledgement, then changes until the client leaves, its token ends or the server
/// stops.
struct Listening {
  RequestId id;
  Filter filter;
  Changes changes;
  std::unique_ptr<ChangeFeed::Subscription> subscription;
  std::shared_ptr<Running::Ticket> ticket;
  std::stop_source stop;
  std::stop_token gone;
  json::object server_info;
  std::chrono::milliseconds keep_alive;
  StreamGuard guard;

  json::object meta() const { return {{meta::kSubscriptionId, mcp::to_json(id)}}; }
};

Task<void> write_changes(http::BodyWriter& body, std::shared_ptr<Listening> listening) {
  const Changes changes = listening->changes;
  const auto close = [changes] { changes->close(); };
  const std::stop_callback leave(listening->gone, close);
  const std::stop_callback end(listening->stop.get_token(), close);
  const json::object acknowledged{{"_meta", listening->meta()}, {"notifications", to_json(listening->filter)}};
  if (!co_await body.write(event_text(write_notification(notification::kAcknowledged, acknowledged)))) co_return;
  for (;;) {
    const auto change = co_await changes->take(listening->keep_alive);
    if (!change && changes->is_done()) break;
    if (!co_await listening->guard.lets_on()) break;
    std::string text(http::kSseKeepAlive);
    if (change) {
      json::object params{{"_meta", listening->meta()}};
      if (change->kind == Change::Kind::resource) params["uri"] = change->uri;
      text = event_text(write_notification(notification_of(change->kind), params));
    }
    if (!co_await body.write(std::move(text))) co_return;
  }
  json::object meta = listening->meta();
  meta[meta::kServerInfo] = listening->server_info;
  co_await body.write(event_text(write_result(listening->id, {{"resultType", "complete"}, {"_meta", meta}})));
}

}  // namespace

/// A call that is under way; it owns all that it needs, and may outlive the request's coroutine.
struct ModernServer::Call {
  RpcRequest rpc;
  Asker asker;
  Input input;
  RequestStates::Call state_call;
  std::stop_source stop = {};
  std::optional<std::stop_callback<std::function<void()>>> leave = {};  // the client's going requests the stop

  /// The message that ends it, and its status.
  static Task<Piece> run(const ModernServer& server, std::shared_ptr<Call> call) {
    Outcome outcome =
        co_await run_feature(server.parts_, call->asker, call->rpc.method, std::move(call->rpc.params), call->input);
    co_return end(server, *call, std::move(outcome));
  }

  static Piece end(const ModernServer& server, const Call& call, Outcome outcome) {
    if (auto* required = std::get_if<InputRequired>(&outcome)) outcome = require(server, call, std::move(*required));
    if (const auto* error = std::get_if<RpcError>(&outcome)) {
      return {write_error(call.rpc.id, *error), status_of(*error), true};
    }
    auto result = complete(std::move(std::get<json::object>(outcome)), call.rpc.method, server.parts_);
    return {write_result(call.rpc.id, result), 200, true};
  }

  static Outcome require(const ModernServer& server, const Call& call, InputRequired required) {
    if (!takes_input(call.rpc.method) || (required.requests.empty() && !required.state)) return internal_error();
    json::object missing = undeclared(required.requests, call.asker.capabilities);
    if (!missing.empty()) return missing_capability(std::move(missing));
    json::object result{{"resultType", "input_required"}};
    if (!required.requests.empty()) result["inputRequests"] = std::move(required.requests);
    if (required.state) result["requestState"] = server.states_.seal(*required.state, call.state_call);
    return result;
  }

  static Task<void> run_beside(const ModernServer& server, std::shared_ptr<Call> call, Pieces pieces,
                               std::shared_ptr<Running::Ticket>) {
    pieces->put(co_await run(server, std::move(call)));
    pieces->close();
  }
};

Task<http::Response> ModernServer::answer(const http::Request& request, const http::Caller& caller,
                                          RpcMessage message) {
  if (auto* rpc = std::get_if<RpcRequest>(&message)) {
    co_return co_await answer_request(request, caller, std::move(*rpc));
  }
  co_return accepted_without_answer();  // this era has no notifications from clients over HTTP
}

Task<http::Response> ModernServer::answer_request(const http::Request& request, const http::Caller& caller,
                                                  RpcRequest rpc) {
  auto meta = check_modern(request, rpc.method, rpc.params);
  if (!meta) co_return answer_with_refusal(meta.error(), rpc.id);
  if (rpc.method == method::kDiscover) {
    co_return answer_with_message(accepted(request), write_result(rpc.id, discover()));
  }
  if (rpc.method == method::kListen) co_return listen(caller, rpc, co_await asio::this_coro::executor);
  if (!is_feature(parts_.offer, rpc.method)) co_return answer_with_refusal(method_not_found(rpc.method), rpc.id);
  if (rpc.method == method::kToolsCall) {
    const json::string* tool = string_member(rpc.params, "name");
    const json::object* arguments = object_member(rpc.params, "arguments");
    const auto parameters = tool == nullptr ? std::vector<HeaderParameter>() : parts_.offer.header_parameters(*tool);
    auto good = check_parameter_headers(request, arguments == nullptr ? json::object() : *arguments, parameters);
    if (!good) co_return answer_with_refusal(good.error(), rpc.id);
  }
  co_return co_await call(request, caller, std::move(rpc), *std::move(meta));
}

Task<http::Response> ModernServer::call(const http::Request& request, const http::Caller& caller, RpcRequest rpc,
                                        ModernMeta meta) {
  const Accepted form = accepted(request);
  const bool talks = form.events && (meta.progress_token || meta.log_level);
  // Lists are quick: nobody's leaving needs to be noticed.
  const std::stop_token gone =
      takes_input(rpc.method) && caller.connection != nullptr ? caller.connection->gone() : std::stop_token();

  RequestStates::Call state_call{.subject = principal_of(caller).subject(), .method = rpc.method, .name = {}};
  if (const json::string* name = string_member(rpc.params, named_member(rpc.method))) {
    state_call.name = std::string(*name);
  }
  auto input = takes_input(rpc.method) ? read_input(rpc.params, state_call) : Input();
  if (!input) co_return answer_with_message(form, write_error(rpc.id, input.error()));

  std::stop_source stop;
  const Deadline deadline = Deadline::after(parts_.times.call).stopped_by(stop.get_token());
  Asker asker = asker_of(request, caller, rpc.params, meta.version, deadline);
  asker.capabilities = std::move(meta.capabilities);
  asker.client = std::move(meta.client);
  const auto executor = co_await asio::this_coro::executor;
  const Pieces pieces = talks ? std::make_shared<Mailbox<Piece>>(executor) : nullptr;
  asker.conversation = std::make_shared<ModernConversation>(pieces, meta.progress_token, meta.log_level);
  auto call = std::make_shared<Call>(std::move(rpc), std::move(asker), *std::move(input), std::move(state_call), stop);
  if (gone.stop_possible()) call->leave.emplace(gone, [stop]() mutable { stop.request_stop(); });
  if (!talks) {
    Piece piece = co_await Call::run(*this, std::move(call));
    co_return answer_with_message(form, std::move(piece.message), piece.status);
  }
  const RequestId id = call->rpc.id;
  auto ticket = parts_.running->begin(stop);
  if (!ticket) co_return answer_with_message(form, write_error(id, internal_error()));
  asio::co_spawn(executor, Call::run_beside(*this, std::move(call), pieces, std::move(ticket)), asio::detached);
  // Nothing is sent before there is something to say, so that a call that says nothing is answered in JSON.
  auto first = co_await pieces->take(parts_.times.call + 1min);
  if (!first) co_return answer_with_message(form, write_error(id, internal_error()));
  if (first->last) co_return answer_with_message(form, std::move(first->message), first->status);
  co_return answer_with_events(
      [pieces, first = *std::move(first), gone, keep_alive = parts_.times.keep_alive](http::BodyWriter& body) {
        return write_pieces(body, pieces, first, gone, keep_alive);
      });
}

tl::expected<Input, RpcError> ModernServer::read_input(const json::object& params,
                                                       const RequestStates::Call& call) const {
  Input input;
  if (const json::value* responses = params.if_contains("inputResponses")) {
    if (!responses->is_object()) return tl::unexpected(invalid_params("params.inputResponses must be an object."));
    input.responses = responses->get_object();
    for (const auto& [key, response] : input.responses) {
      if (!response.is_object()) return tl::unexpected(invalid_params("Every input response must be an object."));
    }
  }
  if (const json::value* sealed = params.if_contains("requestState")) {
    if (!sealed->is_string()) return tl::unexpected(invalid_params("params.requestState must be a text."));
    auto state = states_.open(sealed->get_string(), call);
    if (!state) return tl::unexpected(std::move(state.error()));
    input.state = *std::move(state);
  }
  return input;
}

http::Response ModernServer::listen(const http::Caller& caller, const RpcRequest& rpc, Executor executor) {
  const json::object* wanted = object_member(rpc.params, "notifications");
  if (wanted == nullptr) {
    return answer_with_refusal({400, invalid_params("params.notifications must be an object.")}, rpc.id);
  }
  std::stop_source stop;
  auto ticket = parts_.running->begin(stop);
  if (!ticket) return answer_with_refusal({503, internal_error()}, rpc.id);
  auto changes = std::make_shared<Mailbox<Change>>(executor);
  const Filter filter = read_filter(*wanted, parts_.offer.capabilities());
  auto subscription = parts_.changes.listen([changes, filter](const Change& change) {
    if (filter.wants(change)) changes->put(change);
  });
  const std::stop_token gone = caller.connection == nullptr ? std::stop_token() : caller.connection->gone();
  auto listening = std::make_shared<Listening>(rpc.id, filter, std::move(changes), std::move(subscription),
                                               std::move(ticket), std::move(stop), gone, parts_.offer.server_info(),
                                               parts_.times.keep_alive, parts_.guard(caller));
  return answer_with_events([listening](http::BodyWriter& body) { return write_changes(body, listening); });
}

json::object ModernServer::discover() const {
  json::object result{{"supportedVersions", supported_versions()}, {"capabilities", advertised(parts_.offer)}};
  if (!parts_.offer.instructions().empty()) result["instructions"] = parts_.offer.instructions();
  return complete(std::move(result), method::kDiscover, parts_);
}

}  // namespace kriya::mcp
