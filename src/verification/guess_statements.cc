#include "verification/guess_statements.h"

#include <array>

#include "crypto/random.h"
#include "verification/guess_rules.h"

namespace kriya::verification {
namespace {

using storage::BoundStatement;
using storage::Statement;
using storage::Use;

// Without a row of their own to change, two guesses would both read "59 failures" and both go on.
constexpr Statement kCountAddress{Use::write, R"sql(
  INSERT INTO guess_addresses (address, failures, window_start, last_guess) VALUES ($1, 1, $2, $3)
  ON CONFLICT (address) DO UPDATE SET
    failures = CASE WHEN guess_addresses.window_start <= $4 THEN 1 ELSE guess_addresses.failures + 1 END,
    window_start = CASE WHEN guess_addresses.window_start <= $4 THEN $2 ELSE guess_addresses.window_start END,
    last_guess = $3
  WHERE guess_addresses.window_start <= $4 OR guess_addresses.failures < $5)sql"};

// A locked number costs the challenge nothing; that the number's own row is asked again below is what counts.
constexpr Statement kCountChallenge{Use::write, R"sql(
  UPDATE challenges SET attempts = attempts + 1, last_guess = $1
  WHERE id = $2 AND purpose = $3 AND opened_by = $4 AND closed_at IS NULL AND expires_at > $5 AND attempts < $6
    AND EXISTS (SELECT 1 FROM guess_addresses WHERE address = $7 AND last_guess = $1)
    AND NOT EXISTS (SELECT 1 FROM guess_guards
                    WHERE guess_guards.id = challenges.guard AND (failures >= $8 OR locked_until > $5)))sql"};

// A guess at what is not there compares nothing: else a visitor could shut out everybody behind an address, for
// nothing.
constexpr Statement kUncountAddress{Use::write, R"sql(
  UPDATE guess_addresses SET failures = failures - 1
  WHERE address = $1 AND last_guess = $2 AND failures > 0
    AND NOT EXISTS (SELECT 1 FROM challenges WHERE id = $3 AND last_guess = $2))sql"};

constexpr Statement kCountNumber{Use::write, R"sql(
  INSERT INTO guess_guards (id, phone_hash, failures, locked_until, last_guess, updated_at)
  SELECT guard, phone_hash, 1, NULL, $1, $2 FROM challenges WHERE id = $3 AND last_guess = $1 AND closed_at IS NULL
  ON CONFLICT (id) DO UPDATE SET
    failures = guess_guards.failures + 1,
    locked_until = CASE guess_guards.failures + 1 - $5
      WHEN 0 THEN $6 WHEN 1 THEN $7 WHEN 2 THEN $8 WHEN 3 THEN $9 WHEN 4 THEN $10 WHEN 5 THEN $11 WHEN 6 THEN $12
      ELSE CASE WHEN guess_guards.failures + 1 < $5 THEN NULL ELSE $13 END END,
    last_guess = $1,
    updated_at = $2
  WHERE guess_guards.failures < $4 AND (guess_guards.locked_until IS NULL OR guess_guards.locked_until <= $2))sql"};
static_assert(kDistinctWaits == 8, "kCountNumber names each");

constexpr Statement kCompare{Use::write, R"sql(
  UPDATE challenges SET closed_at = $1, closed_by = $2
  WHERE id = $3 AND last_guess = $2 AND closed_at IS NULL
    AND EXISTS (SELECT 1 FROM guess_guards WHERE guess_guards.id = challenges.guard AND guess_guards.last_guess = $2)
    AND EXISTS (SELECT 1 FROM challenge_codes WHERE challenge_id = $3 AND code_hash = $4 AND expires_at > $1))sql"};

constexpr Statement kAccept{Use::write,
                            "UPDATE challenges SET closed_at = $1, closed_by = $2 WHERE id = $3 AND closed_at IS NULL"};

constexpr Statement kCloseSpent{
    Use::write,
    "UPDATE challenges SET closed_at = $1, closed_by = 'attempts' WHERE id = $2 AND closed_at IS NULL "
    "AND attempts >= $3 AND last_guess = $4"};
constexpr Statement kErasePayload{
    Use::write, "UPDATE challenges SET payload = NULL WHERE id = $1 AND closed_at IS NOT NULL AND payload IS NOT NULL"};
constexpr Statement kDeleteCodes{Use::write,
                                 "DELETE FROM challenge_codes WHERE challenge_id = $1 "
                                 "AND EXISTS (SELECT 1 FROM challenges WHERE id = $1 AND closed_at IS NOT NULL)"};
constexpr Statement kClearNumber{
    Use::write, "DELETE FROM guess_guards WHERE id IN (SELECT guard FROM challenges WHERE id = $1 AND closed_by = $2)"};
constexpr Statement kClearAddress{
    Use::write,
    "UPDATE guess_addresses SET failures = failures - 1 WHERE address = $1 AND failures > 0 "
    "AND EXISTS (SELECT 1 FROM challenges WHERE id = $2 AND closed_by = $3)"};

// All messages of the challenge count as answered: the person got them, or one instead of another. Addresses before
// countries, as whoever reserves takes them.
constexpr Statement kTallyAddress{Use::write, R"sql(
  UPDATE code_send_tallies SET verified = verified + (
    SELECT count(*) FROM code_sends
    WHERE challenge_id = $1 AND verified_at IS NULL AND returned_at IS NULL
      AND code_sends.hour = code_send_tallies.hour AND code_sends.address = code_send_tallies.subject)
  WHERE id IN (SELECT 'address|' || address || '|' || hour FROM code_sends
               WHERE challenge_id = $1 AND verified_at IS NULL AND returned_at IS NULL)
    AND EXISTS (SELECT 1 FROM challenges WHERE id = $1 AND closed_by = $2))sql"};
constexpr Statement kTallyCountry{Use::write, R"sql(
  UPDATE code_send_tallies SET verified = verified + (
    SELECT count(*) FROM code_sends
    WHERE challenge_id = $1 AND verified_at IS NULL AND returned_at IS NULL
      AND code_sends.hour = code_send_tallies.hour AND code_sends.country = code_send_tallies.subject)
  WHERE id IN (SELECT 'country|' || country || '|' || hour FROM code_sends
               WHERE challenge_id = $1 AND verified_at IS NULL AND returned_at IS NULL)
    AND EXISTS (SELECT 1 FROM challenges WHERE id = $1 AND closed_by = $2))sql"};
constexpr Statement kMarkSends{
    Use::write,
    "UPDATE code_sends SET verified_at = $1 WHERE challenge_id = $2 AND verified_at IS NULL AND returned_at IS NULL "
    "AND EXISTS (SELECT 1 FROM challenges WHERE id = $2 AND closed_by = $3)"};

constexpr Statement kRecordLock{Use::write, R"sql(
  INSERT INTO security_events (id, at, kind, decision, phone_hash, phone_masked, user_id, client_address, detail)
  SELECT $1, $2, CASE WHEN failures >= $3 THEN 'phone_disabled' ELSE 'phone_locked' END, 'denied', phone_hash, $4, NULL,
    $5, '{"failures":' || failures || '}'
  FROM guess_guards WHERE id IN (SELECT guard FROM challenges WHERE id = $6) AND last_guess = $7 AND failures >= $8
  )sql"};

constexpr Statement kState{Use::lookup, R"sql(
  SELECT a.failures, a.window_start, a.last_guess, c.attempts, c.expires_at, c.closed_at, c.closed_by, c.last_guess,
    g.failures, g.locked_until, g.last_guess
  FROM guess_addresses a
  LEFT JOIN challenges c ON c.id = $1 AND c.purpose = $2 AND c.opened_by = $3
  LEFT JOIN guess_guards g ON g.id = c.guard
  WHERE a.address = $4)sql"};

}  // namespace

std::vector<BoundStatement> count_statements(const Guess& guess, Timestamp now) {
  const auto ends = ends_of_waits(now);
  std::vector<BoundStatement> list;
  list.push_back({kCountAddress, {guess.address, now, guess.id, now - kAddressWindow, kAddressFailures}});
  list.push_back(
      {kCountChallenge,
       {guess.id, guess.challenge, guess.purpose, guess.opened_by, now, kAttempts, guess.address, kDisabledAt}});
  list.push_back({kUncountAddress, {guess.address, guess.id, guess.challenge}});
  list.push_back({kCountNumber, {guess.id, now, guess.challenge, kDisabledAt, kFirstWait}});
  list.back().values.insert(list.back().values.end(), ends.begin(), ends.end());
  return list;
}

BoundStatement compare_statement(const Guess& guess, Timestamp now) {
  return {kCompare, {now, guess.id, guess.challenge, guess.code_hash.value_or("")}};
}

BoundStatement accept_statement(const Guess& guess, Timestamp now) {
  return {kAccept, {now, guess.id, guess.challenge}};
}

std::vector<BoundStatement> consequence_statements(const Guess& guess, Timestamp now) {
  std::vector<BoundStatement> list;
  list.push_back({kCloseSpent, {now, guess.challenge, kAttempts, guess.id}});
  list.push_back({kErasePayload, {guess.challenge}});
  list.push_back({kDeleteCodes, {guess.challenge}});
  list.push_back({kClearNumber, {guess.challenge, guess.id}});
  list.push_back({kClearAddress, {guess.address, guess.challenge, guess.id}});
  list.push_back({kTallyAddress, {guess.challenge, guess.id}});
  list.push_back({kTallyCountry, {guess.challenge, guess.id}});
  list.push_back({kMarkSends, {now, guess.challenge, guess.id}});
  list.push_back({kRecordLock,
                  {crypto::new_uuid(now), now, kDisabledAt, guess.phone_masked, guess.address, guess.challenge,
                   guess.id, kFirstWait}});
  list.push_back({kState, {guess.challenge, guess.purpose, guess.opened_by, guess.address}});
  return list;
}

GuessState guess_state(const storage::Rows& rows, const Guess& guess, Timestamp now) {
  GuessState state;
  if (rows.empty()) return state;
  using Text = std::optional<std::string>;
  state.address_counted = rows.get<std::string>(0, 2) == guess.id;
  state.address_free_at = rows.get<Timestamp>(0, 1) + kAddressWindow;
  const auto attempts = rows.get<std::optional<std::int64_t>>(0, 3);
  if (!attempts) return state;
  state.present = true;
  state.attempts = *attempts;
  state.open = !rows.get<std::optional<Timestamp>>(0, 5) && rows.get<Timestamp>(0, 4) > now;
  state.right = rows.get<Text>(0, 6) == guess.id;
  state.guard = {rows.get<std::optional<std::int64_t>>(0, 8).value_or(0), rows.get<std::optional<Timestamp>>(0, 9)};
  state.counted = rows.get<Text>(0, 7) == guess.id && rows.get<Text>(0, 10) == guess.id;
  return state;
}

}  // namespace kriya::verification
