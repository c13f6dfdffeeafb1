// Decisions of the guards, on record for whoever looks into an incident.
#pragma once

#include <optional>
#include <string>

#include "base/json.h"
#include "storage/database.h"

namespace kriya::verification {

struct SecurityEvent {
  std::string kind;      // "pumping_warning", "risk_flag", "risk_block", "phone_locked", "phone_disabled", ...
  std::string decision;  // "allowed", "denied"
  std::optional<std::string> phone_hash = {};
  std::optional<std::string> phone_masked = {};
  std::optional<Uuid> user_id = {};
  std::string client_address = {};
  json::object detail = {};  // no number, no code, no token
};

/// For the transaction that deletes a user: the events stay, and are about nobody.
storage::BoundStatement forget_user_in_events(Uuid user_id);

/// Stateless; safe to use from any I/O thread. Errors: those of Database.
class SecurityLog {
 public:
  SecurityLog(storage::Database& database, const Clock& clock) : database_(database), clock_(clock) {}

  Task<Result<void>> record(SecurityEvent event, Deadline deadline);

  /// Removes events older than `before`, at most `limit`; returns how many.
  Task<Result<std::int64_t>> sweep(Timestamp before, std::int64_t limit, Deadline deadline);

 private:
  storage::Database& database_;
  const Clock& clock_;
};

}  // namespace kriya::verification
