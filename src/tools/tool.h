// What an agent can do for somebody: a tool, what it says of itself, and what came of a call.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "http/principal.h"
#include "runtime/deadline.h"
#include "runtime/task.h"

namespace kriya::tools {

/// What a tool does to the world, in the words of MCP's tool annotations. Facts where the tool is ours, hints where it
/// is another server's.
struct Annotations {
  bool read_only = false;
  bool destructive = false;  // may undo or overwrite something
  bool idempotent = false;   // the same call again changes nothing more
  bool open_world = false;   // reaches people or systems outside
};

struct ToolSpec {
  std::string name;  // 1 to 128 of A-Z a-z 0-9 _ - . /
  std::string title;
  std::string description;
  json::object input_schema;  // JSON Schema 2020-12, of type object
  std::optional<json::object> output_schema = {};
  Annotations annotations = {};
  std::string scope = {};                          // what the principal must have; empty: nothing
  bool for_people_alone = false;                   // of no use to a program that acts by itself
  std::vector<std::string> secret_arguments = {};  // never written down, e.g. "code"
  std::string upstream = {};                       // the server that it comes from; empty: ours
};

/// What a call gave, as MCP says it.
struct ToolResult {
  json::array content = {};  // content blocks, e.g. {"type": "text", "text": "8"}
  std::optional<json::object> structured = {};
  bool is_error = false;
  std::string error_kind = {};  // of an error, e.g. "tool", "arguments", "timeout"; docs/tool-log.md has all of them

  static ToolResult of_text(std::string text);
  static ToolResult of_error(std::string kind, std::string text);

  /// The text content joined by line breaks: what a model reads, and the log's `result`.
  std::string text() const;
};

struct ToolCall {
  std::string name;
  json::object arguments;
  std::string unreadable = {};  // what was sent for arguments, where that is no JSON object: for the log alone
};

/// Why a call is not made.
struct Refusal {
  std::string decision;  // "denied": by the person, or by a rule; "none": it did not come to one
  std::string kind;      // see ToolResult
  std::string words;     // for the model
};

/// What surrounds a call.
struct CallContext {
  http::Principal principal;
  Deadline deadline;       // with a stop that is requested when nobody waits any more
  std::string via;         // "mcp", "chat" (a model called), "command" (a person typed it)
  std::string session_id;  // of the log: the MCP session, the conversation, or the principal's own session
  std::string request_id = {};
  std::string trace_id = {};  // of W3C Trace Context, 32 hex digits; empty: none
  std::string client_address = {};
  json::object metadata = {};        // of the log: model, api, protocol version, ...
  std::string decision = "allowed";  // nobody had to be asked; or "approved", by the person
  std::function<void(double done, std::optional<double> total, std::string message)> progress = {};  // may be empty
};

/// Where tools come from: our own with all the rules around them (ToolRunner), another server's by MCP.
/// Safe to use from every I/O thread.
class ToolSource {
 public:
  virtual ~ToolSource() = default;

  /// What this principal may call, always in the same order. Errors: those of the source, e.g. unavailable.
  virtual Task<Result<std::vector<std::shared_ptr<const ToolSpec>>>> list(http::Principal principal,
                                                                          Deadline deadline) = 0;

  /// What a model can act upon is a result, also when it is an error. Errors: not_found, when this principal has no
  /// such tool.
  virtual Task<Result<ToolResult>> call(ToolCall call, CallContext context) = 0;
};

}  // namespace kriya::tools
