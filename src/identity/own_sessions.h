// Where a person is signed in: seeing it, and ending one of these.
#pragma once

#include <string>

#include "identity/account_messages.h"
#include "identity/session_store.h"
#include "identity/token_validation.h"

namespace kriya::identity {

/// Stateless; safe to call from any I/O thread. Errors of every call: invalid_token; those of Database.
class OwnSessions {
 public:
  OwnSessions(TokenValidation& validation, AccountStore& accounts, SessionStore& sessions, const Clock& clock)
      : validation_(validation), accounts_(accounts), sessions_(sessions), clock_(clock) {}

  /// The sessions of the token's owner that are good now.
  Task<Result<SessionList>> list(TokenClaims claims, Deadline deadline);

  /// The same for a person who was recognised already; `current` is the session that asks, empty: none of them.
  /// Further errors: not_found, when there is no such person.
  Task<Result<SessionList>> list_of(Uuid user_id, std::string current, Deadline deadline);

  /// Ends one of them with its tokens; it may be the caller's own. Durable when it returns. Further errors: not_found.
  Task<Result<LogoutAnswer>> end(TokenClaims claims, std::string id, Deadline deadline);

 private:
  Task<Result<SessionList>> good_ones(User owner, std::string current, Deadline deadline);

  TokenValidation& validation_;
  AccountStore& accounts_;
  SessionStore& sessions_;
  const Clock& clock_;
};

}  // namespace kriya::identity
