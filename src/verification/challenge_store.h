// The rows of challenges, their codes, and the guesses at them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "storage/database.h"

namespace kriya::verification {

struct ChallengeRow {
  std::string id;  // SHA-256 of the verification id, base64url
  std::string purpose;
  std::string opened_by;
  std::string phone_hash;
  std::string guard;                   // of which guess_guards row its guesses count
  std::optional<std::string> payload;  // sealed; gone once closed
  std::string channel;
  std::string locale;
  std::int64_t attempts = 0;
  Timestamp created_at;
  Timestamp expires_at;
  Timestamp resend_at;
  std::optional<Timestamp> closed_at = {};
};

/// A code of ours by its keyed hash, or a provider's by the reference under which the provider knows it.
struct CodeRow {
  Uuid id;
  std::optional<std::string> hash;
  std::optional<std::string> provider_reference;
  Timestamp expires_at;
};

struct GuardState {
  std::int64_t failures = 0;
  std::optional<Timestamp> locked_until;
};

/// One guess at a challenge. `id` is the guess's own, by which the statements of its transaction know each other.
struct Guess {
  std::string id;
  std::string challenge;
  std::string purpose;
  std::string opened_by;
  std::string address;
  std::string phone_masked;              // for the record of a lock
  std::optional<std::string> code_hash;  // nullopt: count it, and leave the comparison to the provider
};

/// What is so after a guess.
struct GuessState {
  bool right = false;
  bool counted = false;  // by address, challenge and number: it was compared, or may be
  bool present = false;  // a challenge of that id, purpose and opener is there
  bool open = false;
  std::int64_t attempts = 0;
  GuardState guard;
  bool address_counted = false;
  Timestamp address_free_at;
};

/// Stateless; safe to use from any I/O thread. Errors of every call: those of Database.
///
/// A guess is counted before it is compared, in one transaction that takes its rows in one order (address, challenge,
/// number): whoever comes at the same moment waits for the row, and then finds it counted.
class ChallengeStore {
 public:
  explicit ChallengeStore(storage::Database& database) : database_(database) {}

  Task<Result<std::optional<ChallengeRow>>> find(std::string id, Deadline deadline);
  Task<Result<GuardState>> guard(std::string id, Deadline deadline);

  Task<Result<void>> open(ChallengeRow challenge, std::optional<CodeRow> code, Deadline deadline);

  /// As if it had never been.
  Task<Result<void>> remove(std::string id, Deadline deadline);

  /// Adds a code to an open challenge, of which the last three stay. False: it is closed.
  Task<Result<bool>> add_code(std::string challenge, CodeRow code, Deadline deadline);
  Task<Result<void>> remove_code(Uuid code, Deadline deadline);

  /// Moves an open challenge's times after one more code. False: it is closed.
  Task<Result<bool>> renew(ChallengeRow challenge, Deadline deadline);

  /// References of a challenge's codes that a provider made and that have not expired, newest first.
  Task<Result<std::vector<std::string>>> provider_references(std::string challenge, Timestamp now, Deadline deadline);

  /// Counts and, where there is a hash, compares and closes.
  Task<Result<GuessState>> guess(Guess guess, Timestamp now, Deadline deadline);

  /// A provider's verdict on a counted guess: closes the challenge when it was right, or was the last that it takes.
  Task<Result<GuessState>> settle(Guess guess, bool right, Timestamp now, Deadline deadline);

  /// Forgets the failures of a number, by whomever. False: there were none.
  Task<Result<bool>> unlock(std::string phone_hash, Deadline deadline);

  /// Erases what expired challenges opened before `ended` carry, removes those that expired before `old`, and counts of
  /// addresses. Failures of numbers stay.
  Task<Result<std::int64_t>> sweep(Timestamp now, Timestamp ended, Timestamp old, std::int64_t limit,
                                   Deadline deadline);

 private:
  Task<Result<GuessState>> decide(std::vector<storage::BoundStatement> statements, Guess guess, Timestamp now,
                                  Deadline deadline);

  storage::Database& database_;
};

}  // namespace kriya::verification
