// Conversations as rows: what was said, and what tools were called.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/chat_model.h"
#include "base/time.h"
#include "storage/database.h"

namespace kriya::agent {

struct Conversation {
  Uuid id;
  std::string title;
  Timestamp created_at;
  Timestamp updated_at;
};

struct StoredMessage {
  Message message;  // calls have the tools' own names
  Timestamp created_at;
  std::int64_t position = 0;
};

/// What a turn continues.
struct OpenedConversation {
  Uuid id;
  std::int64_t next_position = 0;
  std::vector<Message> history = {};  // the latest, oldest first
};

/// What is said of a conversation that is not there, or is somebody else's.
Error no_such_conversation();

/// Owners are texts, e.g. "user:<id>"; nobody finds another's. Safe to use from every I/O thread. Errors of every call:
/// those of Database.
class ConversationStore {
 public:
  static constexpr std::int64_t kMostMessages = 4'000;      // of a conversation
  static constexpr std::int64_t kMostHistory = 400;         // messages that a turn looks back
  static constexpr std::size_t kMostStoredBytes = 100'000;  // of a message's content

  explicit ConversationStore(storage::Database& database) : database_(database) {}

  /// Begins one, of a new id, with what the person says.
  Task<Result<OpenedConversation>> begin(Uuid id, std::string owner, std::string said, Timestamp now,
                                         Deadline deadline);

  /// Goes on with one: the person's words take the next position, which only one instance can have. Errors besides:
  /// not_found; conflict, when another turn is under way in it (a person's words that nobody has answered, younger
  /// than `busy_for`) or it is full.
  Task<Result<OpenedConversation>> resume(Uuid id, std::string owner, std::string said, Timestamp now,
                                          std::chrono::seconds busy_for, Deadline deadline);

  /// Writes down what the turn gave. Nothing, when the conversation was deleted meanwhile. Errors besides: conflict.
  Task<Result<void>> append(OpenedConversation conversation, std::string owner, std::vector<Message> messages,
                            Timestamp now, Deadline deadline);

  /// Newest first; those after `before` in that order.
  Task<Result<std::vector<Conversation>>> list(std::string owner, std::optional<Uuid> before, std::int64_t limit,
                                               Deadline deadline);

  Task<Result<std::optional<Conversation>>> find(Uuid id, std::string owner, Deadline deadline);

  /// Oldest first, the latest `limit` of them.
  Task<Result<std::vector<StoredMessage>>> messages(Uuid id, std::string owner, std::int64_t limit, Deadline deadline);

  /// False: there is none.
  Task<Result<bool>> rename(Uuid id, std::string owner, std::string title, Deadline deadline);
  Task<Result<bool>> remove(Uuid id, std::string owner, Deadline deadline);

 private:
  storage::Database& database_;
};

/// The first line of what was said, at most 60 characters, cut between words; of a command its name alone.
std::string title_of(std::string_view said);

/// For the transaction that deletes an account: its conversations with all their messages.
storage::BoundStatement forget_conversations_of(Uuid user_id);

}  // namespace kriya::agent
