// A turn: a person says something, and the model answers, calling tools until it can.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "agent/chat_model.h"
#include "tools/tool.h"

namespace kriya::agent {

/// What became of one call.
struct CallOutcome {
  std::string id;
  std::string name;  // the tool's own; what the model said, when there is no such tool
  json::object arguments;
  bool is_error = false;
  std::string result;  // the text that the model gets
  std::chrono::milliseconds duration{};

  std::string_view status() const { return is_error ? "error" : "success"; }
};

/// Whoever looks on while a turn goes. Called on the turn's thread, but for `progress`; returns quickly.
class TurnListener {
 public:
  virtual ~TurnListener() = default;

  virtual void text(std::string_view /*delta*/) {}
  /// With the tool's own name.
  virtual void call_started(const ModelCall& /*call*/) {}
  /// On any thread, and perhaps after the turn.
  virtual void progress(const std::string& /*call_id*/, double /*done*/, std::optional<double> /*total*/,
                        const std::string& /*message*/) {}
  virtual void call_ended(const CallOutcome& /*outcome*/) {}
};

/// Asks the person whether a call may be made. Safe to be asked for several calls at once.
class Approver {
 public:
  struct Answer {
    bool allowed = false;
    std::string words = {};       // for the model, when it is not
    std::string kind = "denied";  // for the log, when it is not; "unanswered": nobody said anything; "cancelled"
  };
  virtual ~Approver() = default;

  /// Ends, not allowed, when the deadline's stop is requested. `call` has the tool's own name.
  virtual Task<Answer> ask(ModelCall call, Deadline deadline) = 0;
};

/// Which calls of a model wait for the person.
enum class Approval { never, writes, always };

struct TurnLimits {
  unsigned rounds = 10;            // times that the model may call tools
  std::int64_t tokens = 200'000;   // of all its questions and answers
  std::chrono::seconds time{300};  // waiting for approvals not counted
  Approval approval = Approval::writes;
};

struct TurnRequest {
  std::string model;
  std::string instructions;       // empty: none
  std::vector<Message> messages;  // the last one is what the person says now; none is a system message
  http::Principal principal;
  std::stop_token stop;        // ends the model's answer and the tools that run, at once
  tools::CallContext context;  // of every call; principal, deadline, progress and decision are filled in
};

struct TurnOutcome {
  std::string response = {};            // all that it said: the deltas joined
  std::vector<CallOutcome> calls = {};  // in the order of the model's wishes
  std::vector<Message> messages = {};   // what follows the person's in the conversation, without secret arguments
  Usage usage = {};                     // counted by the server, or estimated
  bool stopped = false;
  std::optional<Error> failure = {};  // of the model or of the tools' source; what came before it stands
};

/// The rules of every turn. Stateless; safe to use from every I/O thread. All references must outlive what runs, also
/// tools that do not end when they are stopped.
class Turn {
 public:
  Turn(tools::ToolSource& tools, TurnLimits limits) : tools_(tools), limits_(limits) {}

  /// Called when a call is not made, so that it is in the log as well. May be empty.
  using Refuse = std::function<Task<void>(tools::ToolCall, tools::CallContext, tools::Refusal)>;
  void on_refusal(Refuse refuse) { refuse_ = std::move(refuse); }

  /// Who the principal is by now; asked before each round but the first, and before each call. invalid_token ends the
  /// turn; any other error means that it cannot be told just now, and keeps from being made the call that asks. May be
  /// empty.
  using Still = std::function<Task<Result<http::Principal>>(http::Principal)>;
  void check_by(Still still) { still_ = std::move(still); }

  /// `approver` null: nobody can be asked, and calls that need it are denied. A question may outlive the turn.
  Task<TurnOutcome> run(ChatModel& model, TurnRequest request, TurnListener& listener,
                        std::shared_ptr<Approver> approver) const;

 private:
  tools::ToolSource& tools_;
  const TurnLimits limits_;
  Refuse refuse_;
  Still still_;
};

/// A tool's text, as a model gets it: at most 100,000 bytes, with a note where something is missing.
std::string text_for_model(std::string text);

/// Tokens, roughly: for servers that do not count.
std::int64_t estimated_tokens(const Message& message);

}  // namespace kriya::agent
