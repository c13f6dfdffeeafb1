#include "identity/session_store.h"

#include "identity/rows.h"

namespace kriya::identity {
namespace {

using storage::BoundStatement;
using storage::Rows;
using storage::Statement;
using storage::Use;

// The first column is the key (Database::look_up). Session and user come in one query: it is asked for every token.
constexpr Statement kFind{
    Use::lookup,
    "SELECT s.id, s.user_id, s.token_version, s.started_at, s.proven_at, s.last_seen_at, s.expires_at, s.ended_at, "
    "s.client_address, s.user_agent, u.id, u.phone_number, u.first_name, u.last_name, u.email, u.token_version, "
    "u.created_at, u.scope FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = ANY($1)"};
constexpr std::size_t kUserAfterSession = 10;

constexpr Statement kFindRefresh{
    Use::lookup,
    "SELECT r.hash, r.session_id, r.issued_at, r.expires_at, r.used_at, s.id, s.user_id, s.token_version, "
    "s.started_at, s.proven_at, s.last_seen_at, s.expires_at, s.ended_at, s.client_address, s.user_agent, u.id, "
    "u.phone_number, u.first_name, u.last_name, u.email, u.token_version, u.created_at, u.scope FROM refresh_tokens r "
    "JOIN sessions s ON s.id = r.session_id JOIN users u ON u.id = s.user_id WHERE r.hash = ANY($1)"};
constexpr std::size_t kSessionAfterRefresh = 5;
constexpr std::size_t kUserAfterRefresh = 15;

// Of two that spend the same token the second finds it spent, and then has no child to insert; should both clocks say
// the same, it is the same child.
constexpr Statement kSpend{Use::write, "UPDATE refresh_tokens SET used_at = $2 WHERE hash = $1 AND used_at IS NULL"};
constexpr Statement kInsertChild{Use::write,
                                 "INSERT INTO refresh_tokens (hash, session_id, issued_at, expires_at) "
                                 "SELECT $1, session_id, $3, $4 FROM refresh_tokens WHERE hash = $2 AND used_at = $3 "
                                 "ON CONFLICT (hash) DO NOTHING"};
constexpr Statement kProlong{
    Use::write, "UPDATE sessions SET last_seen_at = $2, expires_at = $3 WHERE id = $1 AND last_seen_at <= $2"};

constexpr Statement kEnd{Use::write,
                         "UPDATE sessions SET ended_at = $3 WHERE id = $1 AND user_id = $2 AND ended_at IS NULL"};
constexpr Statement kSignOut{Use::write, "UPDATE sessions SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL"};
constexpr Statement kReportReuse{
    Use::write,
    "INSERT INTO security_events (id, at, kind, decision, user_id, client_address, detail) "
    "SELECT $2, $3, 'refresh_reuse', 'denied', user_id, $4, $5 FROM sessions WHERE id = $1 AND ended_at IS NULL"};
constexpr Statement kProve{Use::write,
                           "UPDATE sessions SET proven_at = $3 WHERE id = $1 AND user_id = $2 AND ended_at IS NULL"};
constexpr Statement kOfUser{
    Use::scan,
    "SELECT id, user_id, token_version, started_at, proven_at, last_seen_at, expires_at, ended_at, client_address, "
    "user_agent FROM sessions WHERE user_id = $1 ORDER BY started_at, id"};
constexpr Statement kSweepSessions{
    Use::write, "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at < $1 LIMIT $2)"};

}  // namespace

Task<Result<void>> SessionStore::begin(SignIn sign_in, Deadline deadline) {
  const auto rows = co_await database_.transact(to_write(std::move(sign_in)), deadline);
  // A conflict: the user was deleted while this was written.
  if (!rows && rows.error().code != Errc::conflict) co_return fail(rows.error());
  co_return Result<void>();
}

Task<Result<std::optional<HeldSession>>> SessionStore::find(std::string id, Deadline deadline) {
  const auto rows = co_await database_.look_up(kFind, std::move(id), deadline);
  if (!rows) co_return fail(rows.error());
  if (rows->empty()) co_return std::nullopt;
  co_return HeldSession{session_at(*rows, 0, 0), user_at(*rows, 0, kUserAfterSession)};
}

Task<Result<std::optional<HeldRefreshToken>>> SessionStore::find_refresh_token(std::string hash, Deadline deadline) {
  const auto rows = co_await database_.look_up(kFindRefresh, std::move(hash), deadline);
  if (!rows) co_return fail(rows.error());
  if (rows->empty()) co_return std::nullopt;
  co_return HeldRefreshToken{refresh_token_at(*rows, 0, 0), session_at(*rows, 0, kSessionAfterRefresh),
                             user_at(*rows, 0, kUserAfterRefresh)};
}

Task<Result<bool>> SessionStore::rotate(Rotation rotation, Deadline deadline) {
  // The access token first: it takes its lock on the user before any on a session, as all other transactions do.
  std::vector<BoundStatement> all;
  all.push_back(to_write(std::move(rotation.access_token)));
  all.push_back({kSpend, {rotation.spent, rotation.now}});
  all.push_back(
      {kInsertChild, {rotation.child.hash, std::move(rotation.spent), rotation.now, rotation.child.expires_at}});
  all.push_back({kProlong, {std::move(rotation.child.session_id), rotation.now, rotation.session_expires_at}});
  const auto rows = co_await database_.transact(std::move(all), deadline);
  if (!rows) co_return fail(rows.error());
  co_return (*rows)[1].affected() > 0;
}

Task<Result<bool>> SessionStore::end(std::string id, Uuid user_id, Timestamp now, Deadline deadline) {
  co_return changed(co_await database_.run(kEnd, {std::move(id), user_id, now}, deadline));
}

Task<Result<bool>> SessionStore::sign_out(std::string id, Timestamp now, Deadline deadline) {
  co_return changed(co_await database_.run(kSignOut, {std::move(id), now}, deadline));
}

Task<Result<void>> SessionStore::prolong(std::string id, Timestamp now, Timestamp expires_at, Deadline deadline) {
  const auto rows = co_await database_.run(kProlong, {std::move(id), now, expires_at}, deadline);
  if (!rows) co_return fail(rows.error());
  co_return Result<void>();
}

Task<Result<void>> SessionStore::end_for_reuse(Session session, std::string client_address, Uuid event_id,
                                               Timestamp now, Deadline deadline) {
  std::vector<BoundStatement> both;
  both.push_back(
      {kReportReuse, {session.id, event_id, now, std::move(client_address), "{\"session\":\"" + session.id + "\"}"}});
  both.push_back({kEnd, {session.id, session.user_id, now}});
  const auto rows = co_await database_.transact(std::move(both), deadline);
  if (!rows) co_return fail(rows.error());
  co_return Result<void>();
}

Task<Result<bool>> SessionStore::prove(std::string id, Uuid user_id, Timestamp now, Deadline deadline) {
  co_return changed(co_await database_.run(kProve, {std::move(id), user_id, now}, deadline));
}

Task<Result<std::vector<Session>>> SessionStore::of_user(Uuid user_id, Deadline deadline) {
  const auto rows = co_await database_.run(kOfUser, {user_id}, deadline);
  if (!rows) co_return fail(rows.error());
  std::vector<Session> sessions;
  for (std::size_t i = 0; i < rows->size(); ++i) sessions.push_back(session_at(*rows, i, 0));
  co_return sessions;
}

Task<Result<std::int64_t>> SessionStore::sweep(Timestamp before, std::int64_t limit, Deadline deadline) {
  const auto rows = co_await database_.run(kSweepSessions, {before, limit}, deadline);
  if (!rows) co_return fail(rows.error());
  co_return rows->affected();
}

}  // namespace kriya::identity
