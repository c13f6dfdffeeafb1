// The rows of messages: what is still to be done, and the record of what was.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "messaging/message.h"
#include "messaging/ports.h"
#include "storage/database.h"

namespace kriya::messaging {

/// A message as it is stored.
struct StoredMessage {
  MessageRecord record;
  std::string requested_by;
  std::optional<std::string> payload;  // sealed; erased as soon as nobody can need it again
  std::vector<Channel> channels_left;  // where it goes when its channel fails
  std::optional<Timestamp> due_at;     // when somebody must look at it again
  std::optional<Timestamp> not_after;
  std::int64_t version = 0;
};

/// What becomes of a message. Of two that are decided from the same version one happens.
struct Move {
  Status status = Status::queued;
  Channel channel = Channel::sms;
  std::vector<Channel> channels_left = {};
  std::optional<Timestamp> due_at = {};
  bool keep_payload = false;
  std::optional<std::string> code = {};  // the provider's, with its words; absent: as they were
  std::optional<std::string> detail = {};
  bool counts = true;  // false, of a hand-over: it was no attempt, the provider was not asked
};

/// One hand-over to a provider.
struct Claim {
  std::string by;  // names this hand-over and no other
  std::string provider;
  std::int64_t segments = 0;
  Timestamp until;  // when it is lost if nobody has said more
};

/// What the provider said to it.
struct Answered {
  std::string reference;                              // empty: none
  std::optional<std::string> earlier_reference = {};  // that the row has from the hand-over before this one
  std::int64_t latency_ms = 0;
};

struct MessageFilter {
  std::optional<Uuid> before = {};  // older than this one
  std::optional<Status> status = {};
  std::optional<std::string> phone_hash = {};
  std::optional<std::string> requested_by = {};
  std::int64_t limit = 50;
};

/// Where a status stands among those that may follow it.
std::int64_t rank_of(Status status);

/// Whether nothing can follow but a happier word from the provider.
bool is_final(Status status);

/// For the transaction that deletes a user: the records stay, and are nobody's.
std::vector<storage::BoundStatement> forget_user_in_messages(Uuid user_id);

/// Stateless; safe to use from any I/O thread. Errors of every call: those of Database.
class MessageStore {
 public:
  explicit MessageStore(storage::Database& database) : database_(database) {}

  /// Writes a queued message down. False: the number has opted out, and `despite_opt_out` was not said; nothing was
  /// written.
  Task<Result<bool>> add(StoredMessage message, std::optional<Uuid> user_id, std::string phone_hash,
                         bool despite_opt_out, Deadline deadline);

  /// Ends a message as failed that nobody has touched since it was added, if it was: after an `add` of which nobody
  /// knows whether it was written. True: it was.
  Task<Result<bool>> take_back(Uuid id, Timestamp now, Deadline deadline);

  /// Takes a queued message for one hand-over; code and words of the one before go. Empty when it is not at `version`
  /// any more: somebody else has it; and when its number has opted out, codes excepted.
  Task<Result<std::optional<StoredMessage>>> claim(Uuid id, std::int64_t version, Claim claim, Timestamp now,
                                                   Deadline deadline);

  /// Ends a queued message as failed that cannot be claimed because its number has opted out. Empty when that is not
  /// why, or it is not at `version` any more.
  Task<Result<std::optional<StoredMessage>>> end_if_opted_out(Uuid id, std::int64_t version, Timestamp now,
                                                              Deadline deadline);

  /// Writes down how the hand-over `by` ended. A receipt or another process may have been here meanwhile: then only a
  /// move to a status of higher rank happens. Returns the message as it now is; empty when it is another's by now.
  Task<Result<std::optional<StoredMessage>>> settle(Uuid id, std::string by, Move move, Answered answered,
                                                    Timestamp now, Deadline deadline);

  /// Moves a message that is still at `version`. Empty when it is not.
  Task<Result<std::optional<StoredMessage>>> move(Uuid id, std::int64_t version, Move move, Timestamp now,
                                                  Deadline deadline);

  /// Merges a provider's later word into the message if its status is of a lower rank and it is still at `version`;
  /// cost and segments in any case. Without a code of its own the report leaves the one that is there. Empty when the
  /// status stayed.
  Task<Result<std::optional<StoredMessage>>> merge(Uuid id, std::int64_t version, StatusReport report, Timestamp now,
                                                   Deadline deadline);

  /// Those that are due at `now`, the longest waiting first.
  Task<Result<std::vector<StoredMessage>>> due(Timestamp now, std::int64_t limit, Deadline deadline);

  Task<Result<std::optional<StoredMessage>>> find(Uuid id, Deadline deadline);
  Task<Result<std::optional<StoredMessage>>> find_by_reference(std::string provider, std::string reference,
                                                               Deadline deadline);

  /// All that were sent to a user by the program, or that a user asked for; oldest first.
  Task<Result<std::vector<StoredMessage>>> of_user(Uuid user_id, Deadline deadline);

  /// Newest first.
  Task<Result<std::vector<StoredMessage>>> list(MessageFilter filter, Deadline deadline);

  /// Takes back what waits for a number that has opted out, codes excepted.
  Task<Result<std::int64_t>> withdraw(std::string phone_hash, Timestamp now, Deadline deadline);

 private:
  storage::Database& database_;
};

}  // namespace kriya::messaging
