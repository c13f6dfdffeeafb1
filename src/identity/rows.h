// Users, sessions and tokens as rows: what the stores of this folder share.
#pragma once

#include <vector>

#include "identity/session.h"
#include "identity/user.h"
#include "storage/statement.h"

namespace kriya::identity {

/// From the columns `id, phone_number, first_name, last_name, email, token_version, created_at, scope` at `first`.
User user_at(const storage::Rows& rows, std::size_t row, std::size_t first);

/// From the columns `id, user_id, token_version, started_at, proven_at, last_seen_at, expires_at, ended_at,
/// client_address, user_agent` at `first`.
Session session_at(const storage::Rows& rows, std::size_t row, std::size_t first);

/// From the columns `hash, session_id, issued_at, expires_at, used_at` at `first`.
RefreshToken refresh_token_at(const storage::Rows& rows, std::size_t row, std::size_t first);

/// From the columns `id, user_id, token_hash, issued_at, expires_at, client_address, user_agent`.
TokenRecord token_at(const storage::Rows& rows, std::size_t row);

/// Writes the rows of a sign-in, each only if the user (and then the session) is there.
std::vector<storage::BoundStatement> to_write(SignIn sign_in);
storage::BoundStatement to_write(TokenRecord token);

}  // namespace kriya::identity
