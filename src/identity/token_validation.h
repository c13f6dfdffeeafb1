// Who a token belongs to, now; and ending all of a user's tokens.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "http/endpoint.h"
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

  /// What a token says, by its signature and claims alone: its owner may have revoked it. Errors: invalid_token.
  Result<TokenClaims> read(std::string_view token);

  /// The owner of a token that was read; invalid_token when it is revoked. Further errors: those of Database.
  Task<Result<User>> owner(TokenClaims claims, Deadline deadline);

  /// For relying parties: a bad token is an answer, not an error. Errors: those of Database.
  Task<Result<ValidateAnswer>> validate(std::string token, Deadline deadline);

  /// Revokes every token of the token's owner, this one included. Durable when it returns. Errors as `owner`.
  Task<Result<LogoutAnswer>> revoke_all(TokenClaims claims, Deadline deadline);

 private:
  AccountStore& accounts_;
  const UserTokens& tokens_;
  const Clock& clock_;
  telemetry::Counter& valid_;
  telemetry::Counter& invalid_;
  telemetry::Counter& revoked_;
};

/// The request must bear a user token (access::bearer_or_query_token says where); what it says goes into
/// `Caller::token`. No database is asked: that is left to `owner`. Errors: missing_token, invalid_token. The validation
/// must outlive it.
http::AccessRule require_user_token(TokenValidation& validation);

}  // namespace kriya::identity
