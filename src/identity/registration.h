// Signing in by phone number.
#pragma once

#include <functional>
#include <string>

#include "http/caller.h"
#include "identity/account_store.h"
#include "identity/auth_messages.h"
#include "identity/session_store.h"
#include "identity/sign_in_issuer.h"
#include "telemetry/metrics.h"
#include "verification/verification.h"

namespace kriya::identity {

/// What a new account is made with, once its number is proven.
struct Profile {
  PersonName first_name;
  std::optional<PersonName> last_name;
  std::optional<EmailAddress> email;
};
BOOST_DESCRIBE_STRUCT(Profile, (), (first_name, last_name, email))

/// Signs a person in by phone number, creating the account on first sight. An existing account's profile is never
/// changed here: knowing a number is not owning its profile.
///
/// Until a number is proven, nothing asks whether it has an account: neither the answer nor its time can tell.
///
/// Stateless; safe to call from any I/O thread.
class Registration {
 public:
  struct Rules {
    bool verification_required = true;  // false: the original service's register-without-proof
    bool demand_valid_numbers = false;  // numbers must exist under their country's plan, not only look right
  };

  Registration(Rules rules, AccountStore& accounts, SessionStore& sessions, const SignInIssuer& issuer,
               const UserTokens& tokens, verification::Verification& verification, const Clock& clock,
               telemetry::Metrics& metrics);

  /// Sends a code, or signs in at once whom a trusted registrar vouches for (whose word also clears the number's failed
  /// guesses). Errors: invalid_fields, for a number that cannot exist; those of Verification::start and of Database.
  Task<Result<RegisterAnswer>> begin(RegisterRequest request, http::Caller caller);

  /// Errors: those of Verification::resend.
  Task<Result<VerificationStarted>> resend(ResendRequest request, http::Caller caller);

  /// Signs in whoever types the code back. Errors: those of Verification::check and of Database.
  Task<Result<SignInAnswer>> verify(CodeRequest request, http::Caller caller);

  /// The same in a browser: a session that has a cookie instead of tokens. The rest is as SignInIssuer::in_browser has
  /// it. Errors: those of `verify`.
  Task<Result<HeldSession>> verify_in_browser(CodeRequest request, std::chrono::seconds idle,
                                              std::optional<std::string> instead_of, http::Caller caller);

 private:
  /// What a sign-in is to be, once it is known whose.
  using Issue = std::function<IssuedSignIn(const User&)>;
  struct Outcome {
    const char* message;
    User user;
    IssuedSignIn issued;
  };

  Task<Result<RegisterAnswer>> send_code(RegisterRequest request, http::Caller caller);
  Task<Result<Outcome>> prove(CodeRequest request, Issue issue, http::Caller caller);
  Task<Result<Outcome>> enrol(PhoneNumber number, Profile profile, Issue issue, Deadline deadline);
  Task<Result<Outcome>> sign_in(User user, Issue issue, Deadline deadline);
  SignInAnswer answer(Outcome outcome) const;

  /// The session by which the caller shows to be a known device of the number's owner. What is not good is not counted.
  Task<Result<std::optional<HeldSession>>> owner_session(const RegisterRequest& request, const http::Caller& caller);

  Rules rules_;
  AccountStore& accounts_;
  SessionStore& sessions_;
  const SignInIssuer& issuer_;
  const UserTokens& tokens_;
  verification::Verification& verification_;
  const Clock& clock_;
  telemetry::Counter& registered_;
};

}  // namespace kriya::identity
