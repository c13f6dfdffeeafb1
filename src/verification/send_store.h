// The rows of messages with codes: reserved before they are sent, counted, returned when nothing was sent.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "storage/database.h"
#include "verification/pumping_budget.h"
#include "verification/send_limits.h"

namespace kriya::verification {

struct Reservation {
  Uuid id;
  std::string phone_hash;
  std::string address;  // its owner's, http::address_owner
  std::string country;
  std::string challenge;
  Timestamp at;
};

/// The sends of a number in the last 24 hours with the one that was just reserved, newest first; or why there is none.
using ReserveOutcome = std::variant<std::vector<Timestamp>, SendRefusal>;

/// Stateless; safe to use from any I/O thread. Errors of every call: those of Database.
///
/// Whoever reserves changes the row `code_sends` of the table `locks` first: until its commit nobody else counts. At
/// the rates at which messages can be paid for, that is no bottleneck.
class SendStore {
 public:
  SendStore(storage::Database& database, const SendLimits& limits) : database_(database), limits_(limits) {}

  Task<Result<ReserveOutcome>> reserve(Reservation wanted, Deadline deadline);

  /// Takes a reservation back: nothing was sent.
  Task<Result<void>> give_back(Reservation reservation, Timestamp now, Deadline deadline);

  /// What the pumping guard looks at, the reservation included.
  Task<Result<PumpingView>> pumping_view(Reservation reservation, Deadline deadline);

  /// Removes sends and tallies from before `old`; returns how many.
  Task<Result<std::int64_t>> sweep(Timestamp old, std::int64_t limit, Deadline deadline);

 private:
  Task<Result<ReserveOutcome>> explain(Reservation wanted, Deadline deadline);

  storage::Database& database_;
  SendLimits limits_;
};

}  // namespace kriya::verification
