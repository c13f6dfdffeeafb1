// Proving once more to hold the phone, before something that cannot be taken back.
#pragma once

#include <chrono>

#include "identity/account_messages.h"
#include "identity/session_store.h"
#include "identity/token_validation.h"
#include "verification/verification.h"

namespace kriya::identity {

/// How long a proof of the phone counts as fresh.
constexpr std::chrono::minutes kFreshProof{10};

/// Whether the session's person has proven to hold the phone lately. Errors: reauthentication_required.
Result<void> demand_fresh_proof(const SignedIn& who, Timestamp now);

/// Who may answer the codes that a session asked for: that session, as long as it lives.
std::string opened_by(const SignedIn& who);

/// Stateless; safe to call from any I/O thread.
class Reauthentication {
 public:
  Reauthentication(TokenValidation& validation, SessionStore& sessions, verification::Verification& verification,
                   const Clock& clock)
      : validation_(validation), sessions_(sessions), verification_(verification), clock_(clock) {}

  /// Sends a code to the user's own number. Errors: invalid_token; those of Verification::start and of Database.
  Task<Result<VerificationStarted>> begin(http::Caller caller);

  /// From now on the session's proof is fresh. Errors: invalid_token; those of Verification::check and of Database.
  Task<Result<LogoutAnswer>> finish(CodeRequest request, http::Caller caller);

 private:
  /// The caller, who must have a session: only there a proof can be noted. Errors: invalid_token.
  Task<Result<SignedIn>> with_session(http::Caller caller);

  TokenValidation& validation_;
  SessionStore& sessions_;
  verification::Verification& verification_;
  const Clock& clock_;
};

}  // namespace kriya::identity
