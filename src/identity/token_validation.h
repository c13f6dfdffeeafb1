// Who a token belongs to, now; and ending all of a user's tokens.
#pragma once

#include <optional>
#include <string>

#include "identity/account_store.h"
#include "identity/auth_messages.h"
#include "identity/user_token.h"
#include "telemetry/metrics.h"

namespace kriya::identity {

/// Strict: every check reads the user's row, so a token is dead from the moment its revocation is committed, also when
/// another process did it. Stateless; safe to call from any I/O thread.
class TokenValidation {
 public:
  TokenValidation(AccountStore& accounts, const UserTokens& tokens, const Clock& clock, telemetry::Metrics& metrics);

  /// The owner of a good token; invalid_token for any other. Further errors: those of Database.
  Task<Result<User>> owner(std::string token, Deadline deadline);

  /// For relying parties: a bad token is an answer, not an error. Errors: those of Database.
  Task<Result<ValidateAnswer>> validate(std::string token, Deadline deadline);

  /// Revokes every token of the token's owner, this one included. Durable when it returns. Errors as `owner`.
  Task<Result<LogoutAnswer>> revoke_all(std::string token, Deadline deadline);

 private:
  AccountStore& accounts_;
  const UserTokens& tokens_;
  const Clock& clock_;
  telemetry::Counter& valid_;
  telemetry::Counter& invalid_;
  telemetry::Counter& revoked_;
};

}  // namespace kriya::identity
