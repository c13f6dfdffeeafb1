// A sign-in that lasts, and the tokens that it gives: what is kept of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"
#include "base/uuid.h"

namespace kriya::identity {

/// One sign-in on one device.
struct Session {
  std::string id;  // the sid of its tokens, 256 random bits in base64url
  Uuid user_id;
  std::int64_t token_version = 0;  // the user's, when it began
  Timestamp started_at;
  std::optional<Timestamp> proven_at;  // when its person last proved to hold the phone; none: nobody asked for a proof
  Timestamp last_seen_at;              // sign-in, last refresh or last renewal of the cookie
  Timestamp expires_at;                // no token of it lives longer
  std::optional<Timestamp> ended_at;
  std::string client_address;
  std::string user_agent;
};

/// Whether a session is good at `now`, `token_version` being its user's. The version counts besides `ended_at`, because
/// a program of the version before knows no sessions when it revokes all tokens of a user.
inline bool lives(const Session& session, std::int64_t token_version, Timestamp now) {
  return !session.ended_at && session.expires_at > now && session.token_version == token_version;
}

/// One link of the chain by which a session is prolonged. The token itself is never stored.
struct RefreshToken {
  std::string hash;  // SHA-256, base64url
  std::string session_id;
  Timestamp issued_at;
  Timestamp expires_at;
  std::optional<Timestamp> used_at;  // when its successor was made
};

/// One line of the audit trail. The token itself is never stored.
struct TokenRecord {
  Uuid id;  // the token's jti
  Uuid user_id;
  std::string token_hash;  // SHA-256, hexadecimal
  Timestamp issued_at;
  Timestamp expires_at;
  std::string client_address;
  std::string user_agent;
};

/// The rows that a sign-in leaves.
struct SignIn {
  Session session;
  std::optional<TokenRecord> token;            // none in a browser, which has a cookie
  std::optional<RefreshToken> refresh;         // none in a browser, or without a proof of the phone
  std::optional<std::string> instead_of = {};  // the session that this one ends, whosever it was
};

}  // namespace kriya::identity
