// Whether a code may be sent: limits, the guard against pumping, and the number's risk.
#pragma once

#include <optional>
#include <string>

#include "messaging/ports.h"
#include "verification/security_log.h"
#include "verification/send_store.h"

namespace kriya::verification {

enum class PumpingGuard { off, record, deny };

/// Safe to use from any I/O thread.
class SendGate {
 public:
  struct Rules {
    SendLimits limits;
    PumpingGuard pumping_guard = PumpingGuard::record;
    bool risk_fails_open = true;  // codes go out while no score can be had
  };

  struct Request {
    PhoneNumber number;
    std::string phone_hash;  // whose limits they are, whoever asks
    std::string country;
    std::string challenge;
    std::string risk_event;  // RiskQuestion::event
    std::optional<Uuid> user_id;
    std::string client_address;
    Timestamp at;
  };

  /// A code may be sent, and is counted as sent.
  struct Pass {
    Reservation reservation;
    Timestamp resend_at;
  };

  /// `risk` may be null.
  SendGate(Rules rules, storage::Database& database, SecurityLog& events, messaging::RiskScorer* risk)
      : rules_(rules), sends_(database, rules.limits), events_(events), risk_(risk) {}

  /// Reserves first and judges then, so that no number of callers at once gets past a budget. Errors: too_many_requests
  /// (with a time), forbidden (the number's risk), unavailable (no score, and the rule is closed), those of Database.
  Task<Result<Pass>> admit(Request request, Deadline deadline);

  /// Nothing was sent after all.
  Task<Result<void>> give_back(Reservation reservation, Timestamp now, Deadline deadline);

  /// See SendStore.
  Task<Result<std::int64_t>> sweep(Timestamp old, std::int64_t limit, Deadline deadline);

 private:
  Task<Result<void>> judge_pumping(Request request, Reservation reservation, Deadline deadline);
  Task<Result<void>> judge_risk(Request request, Deadline deadline);

  Rules rules_;
  SendStore sends_;
  SecurityLog& events_;
  messaging::RiskScorer* risk_;
};

}  // namespace kriya::verification
