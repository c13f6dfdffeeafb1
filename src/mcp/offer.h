// What a server of the protocol has to offer: the port that tools, resources and prompts stand behind, whatever the era
// of the client is.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "http/principal.h"
#include "mcp/json_rpc.h"
#include "runtime/deadline.h"
#include "runtime/task.h"

namespace kriya::mcp {

/// Of RFC 5424, rising.
enum class LogLevel { debug, info, notice, warning, error, critical, alert, emergency };

std::string_view name(LogLevel level);
std::optional<LogLevel> parse_log_level(std::string_view name);

/// The client that waits for an answer, as far as it can be spoken to meanwhile. `ask` is for the coroutine of the
/// call; the others are for any thread, and nothing comes of them once the answer is out.
class Conversation {
 public:
  virtual ~Conversation() = default;

  /// Dropped where the client did not ask for it. `done` must rise from call to call.
  virtual void progress(double done, std::optional<double> total, std::string message) = 0;

  /// Dropped where the client did not ask for this level.
  virtual void log(LogLevel level, std::string logger, json::value data) = 0;

  /// Asks the client, in the legacy era alone: `sampling/createMessage`, `elicitation/create` or `roots/list`. Modern
  /// clients get `InputRequired` instead. Errors: what the client answered; kInternalError when it cannot be asked,
  /// when it did not declare that it can answer, or when no answer came in time.
  virtual Task<tl::expected<json::object, RpcError>> ask(std::string method, json::object params) = 0;

  /// Ends the response stream before the answer, which the client then polls for (SEP-1699). Nothing happens where it
  /// cannot.
  virtual void let_client_poll() = 0;
};

/// Who asks, and what is known of the client.
struct Asker {
  http::Principal principal;
  Deadline deadline;         // with a stop that is requested when nobody waits any more
  std::string_view version;  // of the protocol; static storage
  json::object capabilities = {};
  json::object client = {};     // name, version, title
  std::string session_id = {};  // names the legacy session, or else the principal's, and opens nothing
  std::string request_id = {};
  std::string trace_id = {};  // of W3C Trace Context, 32 hex digits; empty: none
  std::string client_address = {};
  std::shared_ptr<Conversation> conversation = {};  // never null in a call

  bool can(std::string_view capability) const { return object_member(capabilities, capability) != nullptr; }
};

/// What a modern client brings when it comes back with what a call had required.
struct Input {
  json::object responses = {};             // by the keys of InputRequired::requests; objects
  std::optional<json::object> state = {};  // InputRequired::state, which this server made for this caller and call
};

/// The call goes on when the client repeats it with these answers (2026-07-28, "Multi Round-Trip Requests"). Requests
/// that the client did not declare to understand are not sent: the client is told what it lacks.
struct InputRequired {
  json::object requests = {};  // key: {method, params}
  std::optional<json::object> state = {};
};

/// What a call gave: the members of its result, or more to ask, or why not.
using Outcome = std::variant<json::object, InputRequired, RpcError>;

/// kMissingCapability, naming the capabilities that the client must declare.
RpcError missing_capability(json::object required);
/// Of a tool, a prompt or params.
RpcError invalid_params(std::string message);
/// With the code that this version has for it.
RpcError resource_not_found(std::string_view version, std::string_view uri);
/// Of a failure below: the detail is safe to show.
RpcError as_rpc_error(const Error& error);

/// An argument that is mirrored into `Mcp-Param-<name>` (`x-mcp-header`).
struct HeaderParameter {
  std::string header;             // without the prefix
  std::vector<std::string> path;  // from the arguments down
};

/// Safe to use from every I/O thread. Results are objects as the protocol's schema has them, without `resultType` and
/// the like, which the server adds. What is not overridden is not there; `capabilities` says what is.
class Offer {
 public:
  virtual ~Offer() = default;

  /// `serverInfo`: name, version, and title if any.
  virtual const json::object& server_info() const = 0;
  /// As the protocol has them: {"tools": {"listChanged": true}, ...}. Logging is the server's own and not among them.
  virtual const json::object& capabilities() const = 0;
  /// For the model; may be empty.
  virtual std::string_view instructions() const { return {}; }

  /// Errors of all: those of the source, as_rpc_error.
  virtual Task<Outcome> list_tools(const Asker& asker);
  virtual Task<Outcome> call_tool(const Asker& asker, std::string name, json::object arguments, Input input);
  virtual Task<Outcome> list_resources(const Asker& asker);
  virtual Task<Outcome> list_resource_templates(const Asker& asker);
  virtual Task<Outcome> read_resource(const Asker& asker, std::string uri, Input input);
  virtual Task<Outcome> list_prompts(const Asker& asker);
  virtual Task<Outcome> get_prompt(const Asker& asker, std::string name, json::object arguments, Input input);
  virtual Task<Outcome> complete(const Asker& asker, json::object reference, json::object argument);

  /// Of a tool that exists; empty for others.
  virtual std::vector<HeaderParameter> header_parameters(std::string_view tool) const;

 protected:
  static Task<Outcome> answer(Outcome outcome) { co_return outcome; }
};

}  // namespace kriya::mcp
