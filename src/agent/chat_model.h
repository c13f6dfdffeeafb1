// The port to a model: a conversation and some functions go in, an answer comes out piece by piece.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "runtime/deadline.h"
#include "runtime/task.h"

namespace kriya::agent {

/// A function that the model wants called.
struct ModelCall {
  std::string id = {};    // names the call among those of a conversation; empty: the model gave none
  std::string name = {};  // a Function's
  json::object arguments = {};
  std::string broken = {};  // what it sent for arguments, where that is no JSON object; `arguments` is empty then
};

enum class Role { system, user, assistant, tool };

struct Message {
  Role role = Role::user;
  std::string content = {};
  std::vector<ModelCall> calls = {};  // of an assistant's message
  std::string call_id = {};           // of a tool's message: the call that it answers
};

/// What the model may call.
struct Function {
  std::string name;  // 1 to 64 of A-Z a-z 0-9 _ -
  std::string description;
  json::object parameters;  // JSON Schema of an object
};

struct Question {
  std::string model;
  std::vector<Message> messages;
  std::vector<Function> functions = {};  // none: the model can only speak
};

/// Tokens, as the model's server counts them.
struct Usage {
  std::int64_t prompt = 0;
  std::int64_t completion = 0;

  std::int64_t total() const { return prompt + completion; }
};

struct TextDelta {
  std::string text;  // never empty; whole characters of UTF-8
};

/// The last event.
struct Finished {
  std::string reason = {};  // in the server's word: "stop", "tool_calls", "length", ...; empty: it said none
};

/// Text as it comes; calls only whole, after the text.
using ModelEvent = std::variant<TextDelta, ModelCall, Usage, Finished>;

/// One answer, for one coroutine. Destroying it gives up the rest, and the model's server is told by the connection.
class ModelAnswer {
 public:
  virtual ~ModelAnswer() = default;

  /// The next event; not called again after Finished or an error. Errors: model_unavailable, overloaded.
  virtual Task<Result<ModelEvent>> next() = 0;
};

/// Safe to use from every I/O thread, and with `run_to_completion`.
class ChatModel {
 public:
  virtual ~ChatModel() = default;

  /// Returns when the answer begins. The deadline is for all of it; its stop ends it at once, with an error. Errors:
  /// model_unavailable (refused key, unknown model, no connection, time-out, ...), overloaded (with the provider's
  /// retry_after). Their details name no key and quote no provider.
  virtual Task<Result<std::unique_ptr<ModelAnswer>>> ask(Question question, Deadline deadline) = 0;
};

}  // namespace kriya::agent
