// Who a token belongs to, now; and ending all of a user's tokens.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "access/session_lookup.h"
#include "identity/account_store.h"
#include "identity/auth_messages.h"
#include "identity/session_store.h"
#include "identity/user_token.h"
#include "telemetry/metrics.h"

namespace kriya::identity {

/// Whoever bears a token, as of now.
struct SignedIn {
  User user;
  std::optional<Session> session;  // none for tokens of the original service, and of programs that knew no sessions
};

/// Strict: every check reads the rows of the session and the user, in one query, so a token is dead from the moment its
/// revocation is committed, also when another process did it. Stateless; safe to call from any I/O thread.
class TokenValidation final : public access::SessionLookup {
 public:
  TokenValidation(AccountStore& accounts, SessionStore& sessions, const UserTokens& tokens, const Clock& clock,
                  telemetry::Metrics& metrics);

  Result<TokenClaims> read(std::string_view token) override;
  Task<Result<access::Holder>> holder(TokenClaims claims, Deadline deadline) override;

  /// The owner of a token that was read, and the session that it is of; invalid_token when it is revoked. Further
  /// errors: those of Database.
  Task<Result<SignedIn>> signed_in(TokenClaims claims, Deadline deadline);

  /// The owner alone. Errors as `signed_in`.
  Task<Result<User>> owner(TokenClaims claims, Deadline deadline);

  /// For relying parties: a bad token is an answer, not an error. Errors: those of Database.
  Task<Result<ValidateAnswer>> validate(std::string token, Deadline deadline);

  /// Revokes every token of the token's owner, this one included, and ends all sessions. Durable when it returns.
  /// Errors as `signed_in`.
  Task<Result<LogoutAnswer>> revoke_all(TokenClaims claims, Deadline deadline);

 private:
  Task<Result<std::optional<SignedIn>>> find(TokenClaims claims, Deadline deadline);

  AccountStore& accounts_;
  SessionStore& sessions_;
  const UserTokens& tokens_;
  const Clock& clock_;
  telemetry::Counter& valid_;
  telemetry::Counter& invalid_;
  telemetry::Counter& revoked_;
};

}  // namespace kriya::identity
