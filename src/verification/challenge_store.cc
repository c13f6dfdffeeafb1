#include "verification/challenge_store.h"

#include <iterator>

#include "verification/guess_rules.h"
#include "verification/guess_statements.h"

namespace kriya::verification {
namespace {

using storage::BoundStatement;
using storage::Rows;
using storage::Statement;
using storage::Use;

constexpr Statement kFind{
    Use::lookup,
    "SELECT id, purpose, opened_by, phone_hash, guard, payload, channel, locale, attempts, created_at, expires_at, "
    "resend_at, closed_at FROM challenges WHERE id = ANY($1)"};
constexpr Statement kGuard{Use::lookup, "SELECT id, failures, locked_until FROM guess_guards WHERE id = ANY($1)"};

constexpr Statement kOpen{
    Use::write,
    "INSERT INTO challenges (id, purpose, opened_by, phone_hash, guard, payload, channel, locale, attempts, sends, "
    "created_at, expires_at, resend_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 1, $9, $10, $11)"};
constexpr Statement kRemove{Use::write, "DELETE FROM challenges WHERE id = $1"};

// Whether it is open still is asked by the same statement: a code that comes late must not revive a closed challenge.
constexpr Statement kAddCode{
    Use::write,
    "INSERT INTO challenge_codes (id, challenge_id, code_hash, provider_reference, expires_at) "
    "SELECT $1, id, $3, $4, $5 FROM challenges WHERE id = $2 AND closed_at IS NULL"};
constexpr Statement kTouch{Use::write, "UPDATE challenges SET sends = sends WHERE id = $1 AND closed_at IS NULL"};
constexpr Statement kDropOldCodes{
    Use::write,
    "DELETE FROM challenge_codes WHERE challenge_id = $1 AND id NOT IN "
    "(SELECT id FROM challenge_codes WHERE challenge_id = $1 ORDER BY expires_at DESC, id DESC LIMIT 3)"};
constexpr Statement kRemoveCode{Use::write, "DELETE FROM challenge_codes WHERE id = $1"};
constexpr Statement kRenew{Use::write,
                           "UPDATE challenges SET channel = $2, expires_at = $3, resend_at = $4, sends = sends + 1 "
                           "WHERE id = $1 AND closed_at IS NULL"};
constexpr Statement kReferences{
    Use::lookup,
    "SELECT provider_reference FROM challenge_codes WHERE challenge_id = $1 AND provider_reference IS NOT NULL "
    "AND expires_at > $2 ORDER BY expires_at DESC, id DESC"};

constexpr Statement kUnlock{Use::write, "DELETE FROM guess_guards WHERE phone_hash = $1"};

constexpr Statement kCloseEnded{
    Use::write,
    "UPDATE challenges SET closed_at = $1, closed_by = 'swept', payload = NULL WHERE id IN (SELECT id FROM challenges "
    "WHERE expires_at < $1 AND created_at < $2 AND closed_at IS NULL LIMIT $3)"};
constexpr Statement kDropCodesOfEnded{
    Use::write,
    "DELETE FROM challenge_codes WHERE id IN (SELECT k.id FROM challenge_codes k JOIN challenges c "
    "ON c.id = k.challenge_id WHERE c.closed_at IS NOT NULL AND c.expires_at < $1 LIMIT $2)"};
constexpr Statement kDropOld{
    Use::write, "DELETE FROM challenges WHERE id IN (SELECT id FROM challenges WHERE expires_at < $1 LIMIT $2)"};
constexpr Statement kDropAddresses{Use::write,
                                   "DELETE FROM guess_addresses WHERE window_start < $1 AND address IN "
                                   "(SELECT address FROM guess_addresses WHERE window_start < $1 LIMIT $2)"};

ChallengeRow challenge_at(const Rows& rows) {
  return {.id = rows.get<std::string>(0, 0),
          .purpose = rows.get<std::string>(0, 1),
          .opened_by = rows.get<std::string>(0, 2),
          .phone_hash = rows.get<std::string>(0, 3),
          .guard = rows.get<std::string>(0, 4),
          .payload = rows.get<std::optional<std::string>>(0, 5),
          .channel = rows.get<std::string>(0, 6),
          .locale = rows.get<std::string>(0, 7),
          .attempts = rows.get<std::int64_t>(0, 8),
          .created_at = rows.get<Timestamp>(0, 9),
          .expires_at = rows.get<Timestamp>(0, 10),
          .resend_at = rows.get<Timestamp>(0, 11),
          .closed_at = rows.get<std::optional<Timestamp>>(0, 12)};
}

BoundStatement code_statement(const std::string& challenge, CodeRow code) {
  return {kAddCode,
          {code.id, challenge, storage::optional_value(code.hash), storage::optional_value(code.provider_reference),
           code.expires_at}};
}

Result<void> done(const Result<Rows>& rows) {
  if (!rows) return fail(rows.error());
  return {};
}

}  // namespace

Task<Result<std::optional<ChallengeRow>>> ChallengeStore::find(std::string id, Deadline deadline) {
  const auto rows = co_await database_.look_up(kFind, std::move(id), deadline);
  if (!rows) co_return fail(rows.error());
  if (rows->empty()) co_return std::nullopt;
  co_return challenge_at(*rows);
}

Task<Result<GuardState>> ChallengeStore::guard(std::string id, Deadline deadline) {
  const auto rows = co_await database_.look_up(kGuard, std::move(id), deadline);
  if (!rows) co_return fail(rows.error());
  if (rows->empty()) co_return GuardState{};
  co_return GuardState{rows->get<std::int64_t>(0, 1), rows->get<std::optional<Timestamp>>(0, 2)};
}

Task<Result<void>> ChallengeStore::open(ChallengeRow challenge, std::optional<CodeRow> code, Deadline deadline) {
  std::vector<BoundStatement> list;
  list.push_back({kOpen,
                  {challenge.id, challenge.purpose, challenge.opened_by, challenge.phone_hash, challenge.guard,
                   storage::optional_value(challenge.payload), challenge.channel, challenge.locale,
                   challenge.created_at, challenge.expires_at, challenge.resend_at}});
  if (code) list.push_back(code_statement(challenge.id, *std::move(code)));
  const auto rows = co_await database_.transact(std::move(list), deadline);
  if (!rows) co_return fail(rows.error());
  co_return Result<void>();
}

Task<Result<void>> ChallengeStore::remove(std::string id, Deadline deadline) {
  co_return done(co_await database_.run(kRemove, {std::move(id)}, deadline));
}

Task<Result<bool>> ChallengeStore::add_code(std::string challenge, CodeRow code, Deadline deadline) {
  std::vector<BoundStatement> list;
  list.push_back({kTouch, {challenge}});
  list.push_back(code_statement(challenge, std::move(code)));
  list.push_back({kDropOldCodes, {challenge}});
  const auto rows = co_await database_.transact(std::move(list), deadline);
  if (!rows) co_return fail(rows.error());
  co_return rows->at(1).affected() > 0;
}

Task<Result<void>> ChallengeStore::remove_code(Uuid code, Deadline deadline) {
  co_return done(co_await database_.run(kRemoveCode, {code}, deadline));
}

Task<Result<bool>> ChallengeStore::renew(ChallengeRow challenge, Deadline deadline) {
  co_return changed(co_await database_.run(
      kRenew, {challenge.id, challenge.channel, challenge.expires_at, challenge.resend_at}, deadline));
}

Task<Result<std::vector<std::string>>> ChallengeStore::provider_references(std::string challenge, Timestamp now,
                                                                           Deadline deadline) {
  const auto rows = co_await database_.run(kReferences, {std::move(challenge), now}, deadline);
  if (!rows) co_return fail(rows.error());
  std::vector<std::string> references;
  for (std::size_t i = 0; i < rows->size(); ++i) references.push_back(rows->get<std::string>(i, 0));
  co_return references;
}

Task<Result<GuessState>> ChallengeStore::guess(Guess guess, Timestamp now, Deadline deadline) {
  std::vector<BoundStatement> list = count_statements(guess, now);
  if (guess.code_hash) {
    list.push_back(compare_statement(guess, now));
    std::ranges::move(consequence_statements(guess, now), std::back_inserter(list));
  } else {  // the consequences wait for the provider's verdict
    list.push_back(consequence_statements(guess, now).back());
  }
  co_return co_await decide(std::move(list), std::move(guess), now, deadline);
}

Task<Result<GuessState>> ChallengeStore::settle(Guess guess, bool right, Timestamp now, Deadline deadline) {
  std::vector<BoundStatement> list;
  if (right) list.push_back(accept_statement(guess, now));
  std::ranges::move(consequence_statements(guess, now), std::back_inserter(list));
  co_return co_await decide(std::move(list), std::move(guess), now, deadline);
}

Task<Result<GuessState>> ChallengeStore::decide(std::vector<BoundStatement> statements, Guess guess, Timestamp now,
                                                Deadline deadline) {
  const auto rows = co_await database_.transact(std::move(statements), deadline);
  if (!rows) co_return fail(rows.error());
  co_return guess_state(rows->back(), guess, now);
}

Task<Result<bool>> ChallengeStore::unlock(std::string phone_hash, Deadline deadline) {
  co_return changed(co_await database_.run(kUnlock, {std::move(phone_hash)}, deadline));
}

Task<Result<std::int64_t>> ChallengeStore::sweep(Timestamp now, Timestamp ended, Timestamp old, std::int64_t limit,
                                                 Deadline deadline) {
  std::vector<BoundStatement> list;
  list.push_back({kCloseEnded, {now, ended, limit}});
  list.push_back({kDropCodesOfEnded, {now, limit}});
  list.push_back({kDropOld, {old, limit}});
  list.push_back({kDropAddresses, {now - kAddressWindow, limit}});
  const auto rows = co_await database_.transact(std::move(list), deadline);
  if (!rows) co_return fail(rows.error());
  std::int64_t swept = 0;
  for (const Rows& each : *rows) swept += each.affected();
  co_return swept;
}

}  // namespace kriya::verification
