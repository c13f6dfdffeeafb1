// What happens in a chat, as the events of its stream.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "agent/chat.h"

namespace kriya::agent {

json::object to_json(const CallOutcome& outcome);
json::object to_json(const Usage& usage);

/// Puts each event into the mailbox of a chat. With nobody who reads them it puts none.
class ChatEvents final : public TurnListener {
 public:
  ChatEvents(std::shared_ptr<Mailbox<ChatEvent>> mailbox, bool wanted)
      : mailbox_(std::move(mailbox)), wanted_(wanted) {}

  void put(std::string name, const json::object& data);

  void text(std::string_view delta) override;
  void call_started(const ModelCall& call) override;
  void progress(const std::string& call_id, double done, std::optional<double> total,
                const std::string& message) override;
  void call_ended(const CallOutcome& outcome) override;

 private:
  std::shared_ptr<Mailbox<ChatEvent>> mailbox_;
  const bool wanted_;
};

/// Asks the person who reads the events, and waits for what comes by another request.
class PersonAsked final : public Approver {
 public:
  /// The clock must outlive it.
  PersonAsked(std::shared_ptr<LiveTurn> turn, ChatEvents events, const Clock& clock, std::chrono::seconds within,
              bool can_see)
      : turn_(std::move(turn)), events_(std::move(events)), clock_(clock), within_(within), can_see_(can_see) {}

  Task<Answer> ask(ModelCall call, Deadline deadline) override;

 private:
  const std::shared_ptr<LiveTurn> turn_;
  ChatEvents events_;
  const Clock& clock_;
  const std::chrono::seconds within_;
  const bool can_see_;
};

}  // namespace kriya::agent
