// Prolonging a session by its refresh token.
#pragma once

#include <string>

#include "http/caller.h"
#include "identity/session_store.h"
#include "identity/sign_in_issuer.h"
#include "telemetry/metrics.h"

namespace kriya::identity {

/// Rotates refresh tokens (RFC 9700 section 4.14.2): each is good once. Its successor is an HMAC of it, so that whoever
/// repeats the request within `kRefreshGrace` gets the same one again, on any instance and without a token being
/// stored. A later use of a spent one ends the session, whoever made it.
///
/// Stateless; safe to call from any I/O thread.
class TokenRefresh {
 public:
  TokenRefresh(SessionStore& sessions, const SignInIssuer& issuer, const Clock& clock, telemetry::Metrics& metrics);

  /// Errors: invalid_token, for one that is not, or no longer, good; those of Database.
  Task<Result<SignInAnswer>> refresh(std::string refresh_token, http::Caller caller);

 private:
  /// The successor's row as it is stored; none before the token was spent.
  Task<Result<std::optional<RefreshToken>>> stored_child(const RefreshToken& parent, const IssuedSignIn& next,
                                                         Deadline deadline);
  Task<Result<bool>> rotate(const std::string& spent, const IssuedSignIn& next, Deadline deadline);

  SessionStore& sessions_;
  const SignInIssuer& issuer_;
  const Clock& clock_;
  telemetry::Counter& rotated_;
  telemetry::Counter& repeated_;
  telemetry::Counter& reused_;
  telemetry::Counter& refused_;
};

}  // namespace kriya::identity
