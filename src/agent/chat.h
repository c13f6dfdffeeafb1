// A chat over the web: a person's words go in, a turn or a command runs, and what happens is told event by event.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "agent/chat_request.h"
#include "agent/conversation_store.h"
#include "agent/live_turns.h"
#include "agent/models.h"
#include "agent/turn.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

namespace kriya::agent {

/// Who asks, and where from.
struct ChatClient {
  std::string owner;  // of conversations: "user:<id>", "browser:<hash>"
  http::Principal principal;
  std::string request_id = {};
  std::string trace_id = {};
  std::string address = {};
  bool can_approve = false;  // sees events, and can so be asked
  std::stop_token gone = {};
};

/// One event of the stream: `data` is JSON text.
struct ChatEvent {
  std::string name;
  std::string data;
};

/// A chat under way, on the thread that began it. Its events come into the mailbox, which is closed when it is over:
/// then it has its outcome.
class RunningChat {
 public:
  explicit RunningChat(std::shared_ptr<LiveTurn> live_turn)
      : turn(std::move(live_turn)), events(std::make_shared<Mailbox<ChatEvent>>(turn->executor())) {}

  std::shared_ptr<LiveTurn> turn;
  std::shared_ptr<Mailbox<ChatEvent>> events;
  std::string answer = {};  // JSON text, when there is no failure
  std::optional<Error> failure = {};
};

class Chat {
 public:
  struct Parts {
    tools::ToolSource& tools;
    Models& models;
    ConversationStore& conversations;
    LiveTurns& turns;
    const Clock& clock;
    const telemetry::Log& log;
    telemetry::Metrics& metrics;
  };
  struct Options {
    TurnLimits limits;
    std::string instructions = {};                 // empty: the built-in ones
    std::chrono::seconds approval_within{120};     // then a call is denied
    Turn::Refuse refuse = {};                      // see Turn::on_refusal
    Turn::Still still = {};                        // see Turn::check_by
    std::chrono::milliseconds look_every{15'000};  // who is signed in, while a turn goes
  };

  /// All references must outlive this, and this every chat that runs.
  Chat(Parts parts, Options options);

  /// Begins; the turn goes on by itself, until it is over or `client.gone`. Errors: invalid_fields, not_found (no such
  /// conversation of theirs), conflict (a turn runs in it), too_many_requests; those of Database.
  Task<Result<std::shared_ptr<RunningChat>>> start(ChatRequest request, ChatClient client, Deadline deadline);

 private:
  struct Job;

  Task<void> run(std::shared_ptr<RunningChat> chat, Job job);
  Task<void> set_words(Job& job, Deadline deadline);
  Task<TurnOutcome> command(const RunningChat& chat, const Job& job, TurnListener& listener);
  Task<void> finish(RunningChat& chat, Job& job, TurnOutcome outcome);
  TurnRequest turn_request(const LiveTurn& turn, const Job& job) const;
  tools::CallContext call_context(const LiveTurn& turn, const Job& job, std::string via) const;

  Parts parts_;
  Options options_;
  Turn turn_;
  telemetry::Counter& answered_;
  telemetry::Counter& stopped_;
  telemetry::Counter& failed_;
};

}  // namespace kriya::agent
