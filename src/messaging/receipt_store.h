// The rows of what providers said later, and of the numbers that asked not to be written to.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "messaging/ports.h"
#include "storage/database.h"

namespace kriya::messaging {

/// A number's wish, as it is stored.
struct Wish {
  std::string reference;  // the provider's for the message that said it; empty: none
  std::string phone_hash;
  std::string phone_masked;
  std::string keyword;  // the word that was written to us
  bool in = false;      // it wants messages again
};

/// Stateless; safe to use from any I/O thread. Errors of every call: those of Database.
class ReceiptStore {
 public:
  explicit ReceiptStore(storage::Database& database) : database_(database) {}

  /// Keeps all of them or none. What is there already, word for word, stays one row, and a wish that is said again
  /// changes nothing: who replays an old one cannot undo a newer one. Returns how many reports were new.
  Task<Result<std::int64_t>> keep(std::string provider, std::vector<StatusReport> reports, std::vector<Wish> wishes,
                                  Timestamp now, Deadline deadline);

  /// What the provider said of a reference so far, in the order of arrival.
  Task<Result<std::vector<StatusReport>>> of_reference(std::string provider, std::string reference, Deadline deadline);

  /// Forgets reports that were received before `before`, at most `limit`; returns how many. Wishes stay known, so that
  /// none can be replayed.
  Task<Result<std::int64_t>> sweep(Timestamp before, std::int64_t limit, Deadline deadline);

  Task<Result<bool>> has_opted_out(std::string phone_hash, Deadline deadline);

 private:
  storage::Database& database_;
};

}  // namespace kriya::messaging
