#include "mcp/endpoint.h"

#include <algorithm>

#include "base/text.h"

namespace kriya::mcp {
namespace {

bool is_json(const http::Request& request) {
  const std::string_view type = request.header("Content-Type").value_or("");
  return equals_ignoring_case(trim(type.substr(0, type.find(';'))), "application/json");
}

http::Response refuse(int status, std::int64_t code, std::string message) {
  return answer_with_refusal({status, {code, std::move(message)}}, {});
}

constexpr const char* kDescribedTag = "Agent";
constexpr const char* kDescribedEvents = "text/event-stream";
constexpr const char* kAboutErrors =
    " Who may not come in gets a problem document; all other errors are those of JSON-RPC, as application/json, with "
    "400, 404, 405, 406, 415 or 503.";

/// One message or, in 2025-03-26, a batch.
json::object described_messages() {
  return {{"type", json::array{"object", "array"}},
          {"description", "A message of JSON-RPC 2.0; in version 2025-03-26 also an array of them."}};
}

http::Operation describe_post(schema::Components&) {
  return {.summary = "The Model Context Protocol: send a message",
          .description =
              std::string("Streamable HTTP. Version 2026-07-28 carries all in each request, with the headers "
                          "MCP-Protocol-Version, Mcp-Method and, where something is named, Mcp-Name; earlier ones "
                          "begin with `initialize` and go on with the Mcp-Session-Id of its answer. Tools, resources "
                          "and prompts are those that you may use. What is no request is answered with 202.") +
              kAboutErrors,
          .tag = kDescribedTag,
          .errors = {Errc::payload_too_large},
          .other_types = {std::string(kDescribedEvents)},
          .request_schema = described_messages(),
          .request_example = R"({"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{)"
                             R"("io.modelcontextprotocol/protocolVersion":"2026-07-28",)"
                             R"("io.modelcontextprotocol/clientCapabilities":{}}}})",
          .answers = {{.schema = described_messages()}, {.status = 202, .content_type = {}}}};
}

http::Operation describe_get(schema::Components&) {
  return {.summary = "The Model Context Protocol: listen to a session",
          .description = std::string("What the server says by itself in a session (Mcp-Session-Id), of versions before "
                                     "2026-07-28; Last-Event-ID goes on behind an event.") +
                         kAboutErrors,
          .tag = kDescribedTag,
          .errors = {},
          .request_schema = {},
          .request_example = {},
          .answers = {{.schema = {{"type", "string"}}, .content_type = kDescribedEvents}}};
}

http::Operation describe_delete(schema::Components&) {
  return {.summary = "The Model Context Protocol: end a session",
          .description = std::string("Ends the session that Mcp-Session-Id names.") + kAboutErrors,
          .tag = kDescribedTag,
          .errors = {},
          .request_schema = {},
          .request_example = {},
          .answers = {{.status = 204, .content_type = {}}}};
}

}  // namespace

bool is_among(const std::vector<std::string>& allowed, std::string_view value) {
  return std::ranges::any_of(allowed, [&](const std::string& one) {
    if (value.size() < one.size() || !equals_ignoring_case(value.substr(0, one.size()), one)) return false;
    const std::string_view port = value.substr(one.size());
    return port.empty() || (port.size() > 1 && port.front() == ':' &&
                            port.find_first_not_of("0123456789", 1) == std::string_view::npos);
  });
}

Endpoint::Endpoint(Options options, Offer& offer, ChangeFeed& changes, const Secret& master_key, const Clock& clock,
                   const telemetry::Log& log)
    : options_(std::move(options)),
      parts_{
          offer, changes, log, std::make_shared<Running>(options_.most_running), options_.times, options_.still_good},
      states_(master_key, clock),
      sessions_(master_key, clock, options_.sessions),
      modern_(parts_, states_),
      legacy_(parts_, sessions_),
      subscription_(changes.listen([this](const Change& change) { sessions_.tell(change); })) {}

void Endpoint::add_to(http::Router& router, std::string path, std::vector<http::AccessRule> access,
                      std::vector<http::RateLimit> limits) {
  access.insert(access.begin(), door());
  // The path with a slash at its end is for clients that put one there, and not told of.
  const auto add = [&](http::Method method, auto handler, auto describe) {
    router.add(
        {.method = method, .path = path, .access = access, .limits = limits, .run = handler, .describe = describe});
    router.add(
        {.method = method, .path = path + "/", .access = access, .limits = limits, .run = handler, .describe = {}});
  };
  using http::Caller;
  using http::Request;
  add(
      http::Method::post, [this](const Request& request, const Caller& caller) { return post(request, caller); },
      describe_post);
  add(
      http::Method::get, [this](const Request& request, const Caller& caller) { return get(request, caller); },
      describe_get);
  add(
      http::Method::delete_, [this](const Request& request, const Caller& caller) { return remove(request, caller); },
      describe_delete);
}

bool Endpoint::stop(std::chrono::milliseconds timeout) {
  sessions_.close_all();
  return parts_.running->stop(timeout);
}

Task<http::Response> Endpoint::post(const http::Request& request, const http::Caller& caller) {
  if (!is_json(request)) co_return refuse(415, rpc_code::kInvalidRequest, "Content-Type must be application/json.");
  if (const Accepted form = accepted(request); !form.json && !form.events) {
    co_return refuse(406, rpc_code::kInvalidRequest, "Accept must take application/json or text/event-stream.");
  }
  const auto document = parse_json(request.body());
  if (!document) co_return refuse(400, rpc_code::kParseError, document.error().detail);
  if (document->is_array()) {
    if (auto refused = check_batch(request)) co_return answer_with_refusal(*std::move(refused), {});
    co_return co_await legacy_.answer_batch(request, caller, document->get_array());
  }
  auto message = read_message(*document);
  if (!message) co_return answer_with_refusal({400, message.error().error}, message.error().id);
  if (era_of(request, *message) == Era::modern) {
    co_return co_await modern_.answer(request, caller, *std::move(message));
  }
  co_return co_await legacy_.answer(request, caller, *std::move(message));
}

Task<http::Response> Endpoint::get(const http::Request& request, const http::Caller& caller) {
  const auto version = request.header(header::kProtocolVersion);
  const auto known = version ? find_version(*version) : std::nullopt;
  if (request.method() == http::Method::head || (known && era_of(*known) == Era::modern)) {
    http::Response response = refuse(405, rpc_code::kInvalidRequest, "This version of the protocol has POST alone.");
    response.add_header("Allow", "POST");
    co_return response;
  }
  co_return co_await legacy_.listen(request, caller);
}

Task<http::Response> Endpoint::remove(const http::Request& request, const http::Caller& caller) {
  co_return legacy_.end(request, caller);
}

/// Before any credential is looked at: a web page must not reach a server on its reader's machine by a name that it
/// points there (DNS rebinding), and a token in a URL is in everybody's log already.
http::AccessRule Endpoint::door() const {
  return {.check = [this](const http::Request& request, http::Caller&) -> Result<void> {
            if (request.query_parameter("token") || request.query_parameter("access_token")) {
              return fail(Errc::bad_request, "A token belongs into the header Authorization, never into a URL.");
            }
            if (!options_.hosts.empty() && !is_among(options_.hosts, request.header("Host").value_or(""))) {
              return fail(Errc::forbidden, "This server is not known by that Host.");
            }
            const auto origin = request.header("Origin");
            if (origin && !is_among(options_.origins, *origin)) {
              return fail(Errc::foreign_origin, "This Origin may not call the server.");
            }
            return {};
          },
          .errors = {Errc::bad_request, Errc::forbidden, Errc::foreign_origin}};
}

}  // namespace kriya::mcp
