#include "identity/rows.h"

namespace kriya::identity {
namespace {

using storage::BoundStatement;
using storage::Rows;
using storage::Statement;
using storage::Use;

// The user may be gone by now, or (for a first sign-in) may not have come to be. The version says of which user's state
// the session is: one that began before a revocation is born dead.
constexpr Statement kInsertSession{Use::write,
                                   "INSERT INTO sessions (id, user_id, token_version, started_at, proven_at, "
                                   "last_seen_at, expires_at, client_address, "
                                   "user_agent) SELECT $1, id, $3, $4, $5, $6, $7, $8, $9 FROM users WHERE id = $2"};
constexpr Statement kInsertToken{
    Use::write,
    "INSERT INTO issued_tokens (id, user_id, token_hash, issued_at, expires_at, client_address, user_agent) "
    "SELECT $1, id, $3, $4, $5, $6, $7 FROM users WHERE id = $2"};
constexpr Statement kInsertRefresh{Use::write,
                                   "INSERT INTO refresh_tokens (hash, session_id, issued_at, expires_at) "
                                   "SELECT $1, id, $3, $4 FROM sessions WHERE id = $2"};

// Only if the new session came to be.
constexpr Statement kEndReplaced{Use::write,
                                 "UPDATE sessions SET ended_at = $3 WHERE id = $1 AND ended_at IS NULL "
                                 "AND EXISTS (SELECT 1 FROM sessions WHERE id = $2)"};

}  // namespace

User user_at(const Rows& rows, std::size_t row, std::size_t first) {
  return {.id = rows.get<Uuid>(row, first),
          .phone_number = rows.get<std::string>(row, first + 1),
          .first_name = rows.get<std::string>(row, first + 2),
          .last_name = rows.get<std::optional<std::string>>(row, first + 3),
          .email = rows.get<std::optional<std::string>>(row, first + 4),
          .token_version = rows.get<std::int64_t>(row, first + 5),
          .created_at = rows.get<Timestamp>(row, first + 6),
          .scope = rows.get<std::optional<std::string>>(row, first + 7)};
}

Session session_at(const Rows& rows, std::size_t row, std::size_t first) {
  return {.id = rows.get<std::string>(row, first),
          .user_id = rows.get<Uuid>(row, first + 1),
          .token_version = rows.get<std::int64_t>(row, first + 2),
          .started_at = rows.get<Timestamp>(row, first + 3),
          .proven_at = rows.get<std::optional<Timestamp>>(row, first + 4),
          .last_seen_at = rows.get<Timestamp>(row, first + 5),
          .expires_at = rows.get<Timestamp>(row, first + 6),
          .ended_at = rows.get<std::optional<Timestamp>>(row, first + 7),
          .client_address = rows.get<std::string>(row, first + 8),
          .user_agent = rows.get<std::string>(row, first + 9)};
}

RefreshToken refresh_token_at(const Rows& rows, std::size_t row, std::size_t first) {
  return {.hash = rows.get<std::string>(row, first),
          .session_id = rows.get<std::string>(row, first + 1),
          .issued_at = rows.get<Timestamp>(row, first + 2),
          .expires_at = rows.get<Timestamp>(row, first + 3),
          .used_at = rows.get<std::optional<Timestamp>>(row, first + 4)};
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

BoundStatement to_write(TokenRecord token) {
  return {kInsertToken,
          {token.id, token.user_id, std::move(token.token_hash), token.issued_at, token.expires_at,
           std::move(token.client_address), std::move(token.user_agent)}};
}

std::vector<BoundStatement> to_write(SignIn sign_in) {
  const Session& session = sign_in.session;
  std::vector<BoundStatement> all;
  all.push_back({kInsertSession,
                 {session.id, session.user_id, session.token_version, session.started_at,
                  storage::optional_value(session.proven_at), session.last_seen_at, session.expires_at,
                  session.client_address, session.user_agent}});
  if (sign_in.token) all.push_back(to_write(*std::move(sign_in.token)));
  if (sign_in.refresh) {
    RefreshToken& refresh = *sign_in.refresh;
    all.push_back({kInsertRefresh,
                   {std::move(refresh.hash), std::move(refresh.session_id), refresh.issued_at, refresh.expires_at}});
  }
  if (sign_in.instead_of) {
    all.push_back({kEndReplaced, {*std::move(sign_in.instead_of), session.id, session.started_at}});
  }
  return all;
}

}  // namespace kriya::identity
