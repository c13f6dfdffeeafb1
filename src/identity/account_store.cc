#include "identity/account_store.h"

#include <algorithm>
#include <iterator>

#include "identity/rows.h"
#include "messaging/message_store.h"
#include "verification/security_log.h"

namespace kriya::identity {
namespace {

using storage::BoundStatement;
using storage::Rows;
using storage::Statement;
using storage::Use;

// The first column is the key (Database::look_up).
constexpr Statement kFindById{
    Use::lookup,
    "SELECT id, phone_number, first_name, last_name, email, token_version, created_at, scope FROM users "
    "WHERE id = ANY($1)"};
constexpr Statement kFindByPhone{
    Use::lookup,
    "SELECT phone_number, id, phone_number, first_name, last_name, email, token_version, created_at, scope FROM users "
    "WHERE phone_number = ANY($1)"};
constexpr Statement kList{
    Use::scan,
    "SELECT id, phone_number, first_name, last_name, email, token_version, created_at, scope FROM users "
    "WHERE id > $1 ORDER BY id LIMIT $2"};

// Two registrations of one number meet in the unique index; the second writes nothing.
constexpr Statement kInsertUser{
    Use::write,
    "INSERT INTO users (id, phone_number, first_name, last_name, email, token_version, created_at, updated_at) "
    "VALUES ($1, $2, $3, $4, $5, 0, $6, $6) ON CONFLICT (phone_number) DO NOTHING"};

constexpr Statement kRaiseVersion{
    Use::write,
    "UPDATE users SET token_version = token_version + 1, updated_at = $3 WHERE id = $1 AND token_version = $2"};
constexpr Statement kRevoke{Use::write,
                            "UPDATE users SET token_version = token_version + 1, updated_at = $2 WHERE id = $1"};
constexpr Statement kChangePhone{
    Use::write,
    "UPDATE users SET phone_number = $3, token_version = token_version + 1, updated_at = $4 "
    "WHERE id = $1 AND token_version = $2"};

// After one of the above, whichever of two that race came first: a session that began under the new version stays.
constexpr Statement kEndOutdated{Use::write,
                                 "UPDATE sessions SET ended_at = $2 WHERE user_id = $1 AND ended_at IS NULL "
                                 "AND token_version < (SELECT token_version FROM users WHERE id = $1)"};

// When the version had moved on, the new session is of a version that came about otherwise, and must not be left
// behind.
constexpr Statement kDropUnlessChanged{
    Use::write,
    "DELETE FROM sessions WHERE id = $1 AND NOT EXISTS "
    "(SELECT 1 FROM users WHERE id = $2 AND phone_number = $3 AND token_version = $4)"};

constexpr Statement kSetScope{Use::write, "UPDATE users SET scope = $2, updated_at = $3 WHERE id = $1"};
constexpr Statement kDelete{Use::write, "DELETE FROM users WHERE id = $1"};
constexpr Statement kTokensOf{
    Use::scan,
    "SELECT id, user_id, token_hash, issued_at, expires_at, client_address, user_agent FROM issued_tokens "
    "WHERE user_id = $1 ORDER BY id"};
constexpr Statement kSweepTokens{
    Use::write, "DELETE FROM issued_tokens WHERE id IN (SELECT id FROM issued_tokens WHERE expires_at < $1 LIMIT $2)"};

Result<std::optional<User>> at_most_one(const Result<Rows>& rows, std::size_t first_column) {
  if (!rows) return fail(rows.error());
  if (rows->empty()) return std::nullopt;
  return user_at(*rows, 0, first_column);
}

/// Whether the first statement of a transaction changed a row.
Result<bool> first_changed(const Result<std::vector<Rows>>& rows) {
  if (!rows) return fail(rows.error());
  return rows->front().affected() > 0;
}

template <class Row, class Read>
Result<std::vector<Row>> all_of(const Result<Rows>& rows, Read read) {
  if (!rows) return fail(rows.error());
  std::vector<Row> all;
  for (std::size_t i = 0; i < rows->size(); ++i) all.push_back(read(*rows, i));
  return all;
}

}  // namespace

Task<Result<std::optional<User>>> AccountStore::find_by_id(Uuid id, Deadline deadline) {
  co_return at_most_one(co_await database_.look_up(kFindById, id, deadline), 0);
}

Task<Result<std::optional<User>>> AccountStore::find_by_phone(std::string phone_number, Deadline deadline) {
  co_return at_most_one(co_await database_.look_up(kFindByPhone, std::move(phone_number), deadline), 1);
}

Task<Result<bool>> AccountStore::create(User user, SignIn first, Deadline deadline) {
  std::vector<BoundStatement> all = to_write(std::move(first));
  BoundStatement insert{kInsertUser,
                        {user.id, user.phone_number, user.first_name, storage::optional_value(user.last_name),
                         storage::optional_value(user.email), user.created_at}};
  all.insert(all.begin(), std::move(insert));
  co_return first_changed(co_await database_.transact(std::move(all), deadline));
}

Task<Result<void>> AccountStore::record_token(TokenRecord token, Deadline deadline) {
  BoundStatement insert = to_write(std::move(token));
  const auto rows = co_await database_.run(insert.statement, std::move(insert.values), deadline);
  if (!rows) co_return fail(rows.error());
  co_return Result<void>();
}

Task<Result<bool>> AccountStore::raise_token_version(Uuid id, std::int64_t version, Timestamp now, Deadline deadline) {
  std::vector<BoundStatement> both;
  both.push_back({kRaiseVersion, {id, version, now}});
  both.push_back({kEndOutdated, {id, now}});
  co_return first_changed(co_await database_.transact(std::move(both), deadline));
}

Task<Result<bool>> AccountStore::revoke(Uuid id, Timestamp now, Deadline deadline) {
  std::vector<BoundStatement> both;
  both.push_back({kRevoke, {id, now}});
  both.push_back({kEndOutdated, {id, now}});
  co_return first_changed(co_await database_.transact(std::move(both), deadline));
}

Task<Result<bool>> AccountStore::change_phone(User user, std::string phone_number, SignIn next, Timestamp now,
                                              Deadline deadline) {
  const std::string session = next.session.id;
  std::vector<BoundStatement> all;
  all.push_back({kChangePhone, {user.id, user.token_version, phone_number, now}});
  all.push_back({kEndOutdated, {user.id, now}});
  for (BoundStatement& one : to_write(std::move(next))) all.push_back(std::move(one));
  all.push_back({kDropUnlessChanged, {session, user.id, std::move(phone_number), user.token_version + 1}});
  co_return first_changed(co_await database_.transact(std::move(all), deadline));
}

Task<Result<std::int64_t>> AccountStore::sweep_tokens(Timestamp before, std::int64_t limit, Deadline deadline) {
  const auto rows = co_await database_.run(kSweepTokens, {before, limit}, deadline);
  if (!rows) co_return fail(rows.error());
  co_return rows->affected();
}

Task<Result<std::vector<TokenRecord>>> AccountStore::tokens_of(Uuid id, Deadline deadline) {
  co_return all_of<TokenRecord>(co_await database_.run(kTokensOf, {id}, deadline), token_at);
}

Task<Result<bool>> AccountStore::remove(Uuid id, Deadline deadline, std::vector<storage::BoundStatement> also) {
  std::vector<storage::BoundStatement> all;
  all.push_back({kDelete, {id}});
  std::ranges::move(messaging::forget_user_in_messages(id), std::back_inserter(all));
  all.push_back(verification::forget_user_in_events(id));
  std::ranges::move(also, std::back_inserter(all));
  const auto rows = co_await database_.transact(std::move(all), deadline);
  if (!rows) co_return fail(rows.error());
  co_return rows->front().affected() > 0;
}

Task<Result<std::vector<User>>> AccountStore::list(std::optional<Uuid> after, std::int64_t limit, Deadline deadline) {
  co_return all_of<User>(co_await database_.run(kList, {after.value_or(Uuid()), limit}, deadline),
                         [](const Rows& rows, std::size_t row) { return user_at(rows, row, 0); });
}

Task<Result<bool>> AccountStore::set_scope(Uuid id, std::optional<std::string> scope, Timestamp now,
                                           Deadline deadline) {
  co_return changed(co_await database_.run(kSetScope, {id, storage::optional_value(scope), now}, deadline));
}

}  // namespace kriya::identity
