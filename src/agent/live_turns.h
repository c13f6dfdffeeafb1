// The turns that run now: who may stop one, and who may answer what it asks. They may run on another thread, or on
// another instance, which is told by a message.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "base/uuid.h"
#include "runtime/mailbox.h"
#include "schema/described.h"
#include "storage/ephemeral/ephemeral.h"

namespace kriya::agent {

enum class Decision { allow, deny, always };  // always: this tool, for the rest of the conversation
BOOST_DESCRIBE_ENUM(Decision, allow, deny, always)

class LiveTurns;

/// One of them. Everything but the mailbox of an approval is for any thread.
class LiveTurn : public std::enable_shared_from_this<LiveTurn> {
 public:
  LiveTurn(LiveTurns& turns, Executor executor, std::string owner, Uuid conversation);
  ~LiveTurn();

  const std::string& owner() const { return owner_; }
  const Uuid& conversation() const { return conversation_; }
  const Executor& executor() const { return executor_; }
  std::stop_token stop_token() const { return stop_.get_token(); }

  /// On the turn's own thread, soon: what waits there is not called in the middle of something else.
  void stop();

  /// Makes room for the owner's next turn, before anybody hears that this one is over.
  void leave();

  /// Whether the person wants to be asked no more for this tool.
  bool is_always_allowed(const std::string& tool) const;

  /// The decision comes into the mailbox, which is closed when the turn is stopped. The id is random: a model chooses
  /// those of calls, and may choose one twice, so that a decision on one call would be taken for another.
  struct Question {
    std::string id;
    std::shared_ptr<Mailbox<Decision>> box;
  };
  Question open_question(const std::string& tool);
  void close_question(const std::string& id);

  /// Nullopt: no such question is open. Otherwise its tool.
  std::optional<std::string> decide(const std::string& id, Decision decision);

 private:
  struct Open {
    std::string tool;
    std::shared_ptr<Mailbox<Decision>> box;
  };

  LiveTurns& turns_;
  const Executor executor_;
  const std::string owner_;
  const Uuid conversation_;
  std::stop_source stop_;
  std::mutex mutex_;  // for what follows
  std::map<std::string, Open> questions_;
  bool left_ = false;
};

/// Outlives every turn. Safe to use from every I/O thread.
class LiveTurns {
 public:
  LiveTurns(storage::ephemeral::Ephemeral& ephemeral, std::size_t most_of_owner);

  /// Until the turn has left, or is destroyed. Errors: conflict (one runs in this conversation), too_many_requests (too
  /// many of this owner's run).
  Result<std::shared_ptr<LiveTurn>> enter(Executor executor, std::string owner, Uuid conversation);

  /// Stops the owner's turn in a conversation, wherever it runs. False: none was found.
  Task<bool> cancel(std::string owner, Uuid conversation, Deadline deadline);

  /// The same, without waiting to hear whether another instance has it: where most often none runs.
  Task<void> end(std::string owner, Uuid conversation);

  /// Answers what it asks. False: no such question is open.
  Task<bool> decide(std::string owner, Uuid conversation, std::string id, Decision decision, Deadline deadline);

  /// When the program ends: stops all, and lets no more begin.
  void stop_all();

  /// How many run.
  std::size_t count() const;

 private:
  friend class LiveTurn;

  void leave(const LiveTurn& turn);
  std::shared_ptr<LiveTurn> find(const std::string& owner, const Uuid& conversation);
  bool decide_here(LiveTurn& turn, const std::string& id, Decision decision);
  bool is_always_allowed(const std::string& key);
  void allow_always(const std::string& key);
  Task<bool> ask_others(json::object message, Deadline deadline);
  void hear(std::string_view text);
  void answer(const LiveTurn& turn, const std::string& nonce);

  storage::ephemeral::Ephemeral& ephemeral_;
  const std::size_t most_of_owner_;
  mutable std::mutex mutex_;  // for what follows
  bool stopping_ = false;
  std::map<Uuid, std::weak_ptr<LiveTurn>> turns_;
  std::map<std::string, std::size_t> of_owner_;
  std::map<std::string, std::shared_ptr<Mailbox<bool>>> waiting_;  // for another instance, by nonce
  std::set<std::string> always_;
  std::deque<std::string> always_in_order_;                                    // the oldest are forgotten
  std::unique_ptr<storage::ephemeral::Ephemeral::Subscription> subscription_;  // ends first
};

}  // namespace kriya::agent
