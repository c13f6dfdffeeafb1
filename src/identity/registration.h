// Signing in by phone number.
#pragma once

#include <string>

#include "http/caller.h"
#include "identity/account_store.h"
#include "identity/auth_messages.h"
#include "identity/user_token.h"
#include "telemetry/metrics.h"

namespace kriya::identity {

/// Signs a person in by phone number, creating the account on first sight. An existing account's profile is never
/// changed here: knowing a number is not owning its profile.
///
/// Stateless; safe to call from any I/O thread.
class Registration {
 public:
  struct Rules {
    bool verification_required = true;  // false: the original service's register-without-proof
    bool demand_valid_numbers = false;  // numbers must exist under their country's plan, not only look right
  };

  Registration(Rules rules, AccountStore& accounts, const UserTokens& tokens, const Clock& clock,
               telemetry::Metrics& metrics);

  /// Errors: verification_unavailable, when the number is not proven; invalid_fields, for a number that cannot exist;
  /// those of Database.
  Task<Result<SignInAnswer>> begin(RegisterRequest request, http::Caller caller);

 private:
  Task<Result<SignInAnswer>> sign_in(User user, http::Caller caller);
  SignInAnswer answer(const char* message, const User& user, IssuedToken token);
  IssuedToken issue_to(const User& user, const http::Caller& caller) const;

  Rules rules_;
  AccountStore& accounts_;
  const UserTokens& tokens_;
  const Clock& clock_;
  telemetry::Counter& issued_;
  telemetry::Counter& registered_;
};

}  // namespace kriya::identity
