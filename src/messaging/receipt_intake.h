// Takes in what providers send us by themselves: receipts, and what people write.
#pragma once

#include <optional>
#include <string>

#include "messaging/outbox.h"
#include "messaging/receipt_store.h"
#include "phone/phone_hash.h"

namespace kriya::messaging {

/// Whether a person wants no more messages ("STOP", "unsubscribe.") or wants them again ("START"): the provider's own
/// reading, else the whole text when it is one of the words. Nullopt: the message is about something else.
enum class Consent { withdrawn, given };
std::optional<Consent> consent_in(const InboundMessage& message);

/// Safe to use from every thread.
class ReceiptIntake {
 public:
  struct Parts {
    storage::Database& database;
    const Secret& master;  // MASTER_KEY
    Outbox& outbox;
    const Clock& clock;
    const telemetry::Log& log;
    telemetry::Metrics& metrics;
  };

  explicit ReceiptIntake(Parts parts);

  /// Keeps everything on disk, then acts upon it. Once this is there the provider may forget it; after an error it must
  /// send it again. Repeating is harmless. Errors: those of Database.
  Task<Result<void>> take(std::string provider, Receipts receipts, Deadline deadline);

 private:
  Parts parts_;
  ReceiptStore store_;
  PhoneHash phone_hash_;
};

}  // namespace kriya::messaging
