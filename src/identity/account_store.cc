#include "identity/account_store.h"

namespace kriya::identity {
namespace {

using storage::Rows;
using storage::Statement;
using storage::Use;

// The first column is the key (Database::look_up). What a token's check needs besides the user comes in here too, so
// that it stays one query.
constexpr Statement kFindById{
    Use::lookup,
    "SELECT id, phone_number, first_name, last_name, email, token_version, created_at FROM users WHERE id = ANY($1)"};
constexpr Statement kFindByPhone{
    Use::lookup,
    "SELECT phone_number, id, first_name, last_name, email, token_version, created_at FROM users "
    "WHERE phone_number = ANY($1)"};
constexpr Statement kList{Use::scan,
                          "SELECT id, phone_number, first_name, last_name, email, token_version, created_at FROM users "
                          "WHERE id > $1 ORDER BY id LIMIT $2"};

// Two registrations of one number meet in the unique index; the second writes nothing.
constexpr Statement kInsertUser{
    Use::write,
    "INSERT INTO users (id, phone_number, first_name, last_name, email, token_version, created_at, updated_at) "
    "VALUES ($1, $2, $3, $4, $5, 0, $6, $6) ON CONFLICT (phone_number) DO NOTHING"};

// The user may be gone by now, or (for a first token) may not have come to be.
constexpr Statement kInsertToken{
    Use::write,
    "INSERT INTO issued_tokens (id, user_id, token_hash, issued_at, expires_at, client_address, user_agent) "
    "SELECT $1, id, $3, $4, $5, $6, $7 FROM users WHERE id = $2"};

constexpr Statement kRaiseVersion{
    Use::write,
    "UPDATE users SET token_version = token_version + 1, updated_at = $3 WHERE id = $1 AND token_version = $2"};
constexpr Statement kRevoke{Use::write,
                            "UPDATE users SET token_version = token_version + 1, updated_at = $2 WHERE id = $1"};
constexpr Statement kDelete{Use::write, "DELETE FROM users WHERE id = $1"};
constexpr Statement kTokensOf{
    Use::scan,
    "SELECT id, user_id, token_hash, issued_at, expires_at, client_address, user_agent FROM issued_tokens "
    "WHERE user_id = $1 ORDER BY id"};
constexpr Statement kSweep{
    Use::write, "DELETE FROM issued_tokens WHERE id IN (SELECT id FROM issued_tokens WHERE expires_at < $1 LIMIT $2)"};

User user_at(const Rows& rows, std::size_t row, std::size_t id_column = 0) {
  return {.id = rows.get<Uuid>(row, id_column),
          .phone_number = rows.get<std::string>(row, 1 - id_column),
          .first_name = rows.get<std::string>(row, 2),
          .last_name = rows.get<std::optional<std::string>>(row, 3),
          .email = rows.get<std::optional<std::string>>(row, 4),
          .token_version = rows.get<std::int64_t>(row, 5),
          .created_at = rows.get<Timestamp>(row, 6)};
}

TokenRecord token_at(const Rows& rows, std::size_t row) {
  return {.id = rows.get<Uuid>(row, 0),
          .user_id = rows.get<Uuid>(row, 1),
          .token_hash = rows.get<std::string>(row, 2),
          .issued_at = rows.get<Timestamp>(row, 3),
          .expires_at = rows.get<Timestamp>(row, 4),
          .client_address = rows.get<std::string>(row, 5),
          .user_agent = rows.get<std::string>(row, 6)};
}

Result<std::optional<User>> at_most_one(const Result<Rows>& rows, std::size_t id_column) {
  if (!rows) return fail(rows.error());
  if (rows->empty()) return std::nullopt;
  return user_at(*rows, 0, id_column);
}

Result<bool> changed(const Result<Rows>& rows) {
  if (!rows) return fail(rows.error());
  return rows->affected() > 0;
}

std::vector<storage::Value> token_values(TokenRecord token) {
  return {token.id,
          token.user_id,
          std::move(token.token_hash),
          token.issued_at,
          token.expires_at,
          std::move(token.client_address),
          std::move(token.user_agent)};
}

}  // namespace

Task<Result<std::optional<User>>> AccountStore::find_by_id(Uuid id, Deadline deadline) {
  co_return at_most_one(co_await database_.look_up(kFindById, id, deadline), 0);
}

Task<Result<std::optional<User>>> AccountStore::find_by_phone(std::string phone_number, Deadline deadline) {
  co_return at_most_one(co_await database_.look_up(kFindByPhone, std::move(phone_number), deadline), 1);
}

Task<Result<bool>> AccountStore::create(User user, TokenRecord first_token, Deadline deadline) {
  std::vector<storage::BoundStatement> both;
  both.push_back({kInsertUser,
                  {user.id, user.phone_number, user.first_name, storage::optional_value(user.last_name),
                   storage::optional_value(user.email), user.created_at}});
  both.push_back({kInsertToken, token_values(std::move(first_token))});
  const auto rows = co_await database_.transact(std::move(both), deadline);
  if (!rows) co_return fail(rows.error());
  co_return rows->front().affected() > 0;
}

Task<Result<void>> AccountStore::record_token(TokenRecord token, Deadline deadline) {
  const auto rows = co_await database_.run(kInsertToken, token_values(std::move(token)), deadline);
  if (!rows) co_return fail(rows.error());
  co_return Result<void>();
}

Task<Result<bool>> AccountStore::raise_token_version(Uuid id, std::int64_t version, Timestamp now, Deadline deadline) {
  co_return changed(co_await database_.run(kRaiseVersion, {id, version, now}, deadline));
}

Task<Result<std::int64_t>> AccountStore::sweep_tokens(Timestamp before, std::int64_t limit, Deadline deadline) {
  const auto rows = co_await database_.run(kSweep, {before, limit}, deadline);
  if (!rows) co_return fail(rows.error());
  co_return rows->affected();
}

Task<Result<std::vector<User>>> AccountStore::list(std::optional<Uuid> after, std::int64_t limit, Deadline deadline) {
  const auto rows = co_await database_.run(kList, {after.value_or(Uuid()), limit}, deadline);
  if (!rows) co_return fail(rows.error());
  std::vector<User> users;
  for (std::size_t i = 0; i < rows->size(); ++i) users.push_back(user_at(*rows, i));
  co_return users;
}

Task<Result<std::vector<TokenRecord>>> AccountStore::tokens_of(Uuid id, Deadline deadline) {
  const auto rows = co_await database_.run(kTokensOf, {id}, deadline);
  if (!rows) co_return fail(rows.error());
  std::vector<TokenRecord> tokens;
  for (std::size_t i = 0; i < rows->size(); ++i) tokens.push_back(token_at(*rows, i));
  co_return tokens;
}

Task<Result<bool>> AccountStore::revoke(Uuid id, Timestamp now, Deadline deadline) {
  co_return changed(co_await database_.run(kRevoke, {id, now}, deadline));
}

Task<Result<bool>> AccountStore::remove(Uuid id, Deadline deadline) {
  co_return changed(co_await database_.run(kDelete, {id}, deadline));
}

}  // namespace kriya::identity
