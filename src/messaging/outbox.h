// Sends messages so that a crash at any moment loses none and repeats none.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/secret.h"
#include "messaging/delivery_rules.h"
#include "messaging/message_payload.h"
#include "messaging/message_store.h"
#include "messaging/messenger.h"
#include "messaging/receipt_store.h"
#include "messaging/senders.h"
#include "phone/phone_hash.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

namespace kriya::messaging {

/// Who can be asked about a message later, by provider.
using Pollers = std::map<std::string, StatusPoller*, std::less<>>;

/// A message is a row: `queued` on disk before anything else, `sending` on disk before its provider is asked. What is
/// still queued when a process dies was not sent, and another takes it up; what is sending may have been, and becomes
/// `unknown`. Number and content are sealed in the row until nobody can need them.
///
/// Safe to use from every thread.
class Outbox final : public Messenger {
 public:
  struct Parts {
    storage::Database& database;
    const Secret& master;                 // MASTER_KEY
    std::vector<MessageSender*> senders;  // in the order of preference
    Pollers pollers = {};
    std::function<double()> luck = {};  // 0 to 1; empty: random
    const Clock& clock;
    const telemetry::Log& log;
    telemetry::Metrics& metrics;
  };

  /// The references and pointers must outlive this object.
  explicit Outbox(Parts parts);

  bool carries(Channel channel, const Content& content) const override;
  Task<Result<MessageRecord>> send(NewMessage message, Deadline deadline) override;

  /// Does what is due for `message`: sends it, asks about it, or declares it lost, expired or forgotten. Several
  /// processes may do so at once; each thing happens once. False: nothing has changed, somebody else did it or the
  /// database is away.
  Task<bool> take_up(StoredMessage message, Deadline deadline);

  /// Acts upon a provider's word, however late and however often it comes. False: no message is known by it.
  /// Errors: those of Database; then it may be said again.
  Task<Result<bool>> hear(std::string provider, StatusReport report, Deadline deadline);

  MessageStore& store() { return store_; }

 private:
  Task<void> take_back(Uuid id, Error why);
  Task<StoredMessage> carry(StoredMessage message, Deadline deadline);
  Task<std::optional<StoredMessage>> hand_over(StoredMessage message, const Payload& payload, MessageSender& sender,
                                               Deadline deadline);
  Task<std::optional<StoredMessage>> end_if_opted_out(StoredMessage message);
  Task<std::optional<StoredMessage>> move(StoredMessage message, Move move);
  Task<StoredMessage> left_to_delivery(StoredMessage message, Timestamp now);
  Task<StoredMessage> ended(StoredMessage message, Status status);
  Task<void> hear_what_came_early(std::string provider, std::string reference);
  Task<bool> poll(StoredMessage message, Deadline deadline);
  Task<Result<std::optional<StoredMessage>>> message_of(const std::string& provider, const StatusReport& report,
                                                        Deadline deadline);
  StoredMessage row_of(const NewMessage& message, std::vector<Channel> channels) const;
  bool can_poll(const std::string& provider, bool has_reference) const;
  void count(const StoredMessage& message);

  Parts parts_;
  MessageStore store_;
  ReceiptStore receipts_;
  PayloadSeal seal_;
  PhoneHash phone_hash_;
  Senders senders_;
};

}  // namespace kriya::messaging
