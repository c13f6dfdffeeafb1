// Messages and questions about numbers, for other applications.
#pragma once

#include <string>

#include "messaging/message_store.h"
#include "messaging/messaging_messages.h"
#include "messaging/messenger.h"
#include "messaging/ports.h"
#include "phone/phone_hash.h"

namespace kriya::messaging {

/// On whose behalf something is asked.
struct Requester {
  std::string name;  // "user:<id>", "key:<id>", "operator"
  std::optional<Uuid> user_id = {};
  bool sees_all = false;  // the messages of others too
};

/// Checks, then does. Safe to use from every thread.
class MessageService {
 public:
  /// The references and pointers must outlive this object. `lookup` and `risk` may be null: no provider has them.
  MessageService(Messenger& messenger, MessageStore& store, PhoneHash phone_hash, NumberLookup* lookup,
                 RiskScorer* risk)
      : messenger_(messenger), store_(store), phone_hash_(std::move(phone_hash)), lookup_(lookup), risk_(risk) {}

  /// Errors: invalid_fields, delivery_failed (definitely not sent); those of Messenger::send.
  Task<Result<MessageAccepted>> send_sms(SmsRequest request, Requester requester, Deadline deadline);
  Task<Result<MessageAccepted>> send_whatsapp(WhatsAppRequest request, Requester requester, Deadline deadline);

  /// Errors: invalid_fields; those of Database.
  Task<Result<MessagePage>> list(MessageQuery query, Requester requester, Deadline deadline);

  /// Errors: not_found (also when it is another's); those of Database.
  Task<Result<MessageRecord>> find(Uuid id, Requester requester, Deadline deadline);

  /// Errors: verification_unavailable (no provider), invalid_fields; those of the port.
  Task<Result<NumberReport>> look_up(LookupRequest request, Deadline deadline);
  Task<Result<RiskReport>> assess(RiskRequest request, Deadline deadline);

 private:
  Task<Result<MessageAccepted>> send(NewMessage message, Deadline deadline);

  Messenger& messenger_;
  MessageStore& store_;
  PhoneHash phone_hash_;
  NumberLookup* lookup_;
  RiskScorer* risk_;
};

}  // namespace kriya::messaging
