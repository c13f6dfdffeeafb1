// Moving an account to another telephone number.
#pragma once

#include <string>

#include "identity/account_messages.h"
#include "identity/account_store.h"
#include "identity/reauthentication.h"
#include "identity/sign_in_issuer.h"
#include "identity/token_validation.h"
#include "messaging/messenger.h"
#include "telemetry/log.h"
#include "verification/message_texts.h"
#include "verification/verification.h"

namespace kriya::identity {

/// A number is how a person signs in, so a new one is bound like the first (NIST SP 800-63B-4 section 3.1.3.3): the
/// person proves the old phone or has just done so, then the new one; both are told.
///
/// Stateless; safe to call from any I/O thread.
class PhoneChange {
 public:
  PhoneChange(TokenValidation& validation, AccountStore& accounts, const SignInIssuer& issuer,
              verification::Verification& verification, messaging::Messenger& messenger,
              const verification::MessageTexts& texts, const Clock& clock, const telemetry::Log& log);

  /// Sends a code to the new number; whether that has an account is not told. Errors: invalid_token,
  /// reauthentication_required; those of Verification::start and of Database.
  Task<Result<VerificationStarted>> begin(PhoneChangeRequest request, http::Caller caller);

  /// Binds the new number, ends every session, and begins one for this device. A notice that cannot be sent fails
  /// nothing. Errors: invalid_token; conflict, when the number is another account's, which is told only to who has
  /// proven to hold it; those of Verification::check and of Database.
  Task<Result<SignInAnswer>> finish(CodeRequest request, http::Caller caller);

 private:
  Task<Result<void>> bind(User before, User after, SignIn next, Deadline deadline);
  Task<void> tell(PhoneNumber number, std::string languages, Uuid user_id, http::Caller caller);

  TokenValidation& validation_;
  AccountStore& accounts_;
  const SignInIssuer& issuer_;
  verification::Verification& verification_;
  messaging::Messenger& messenger_;
  const verification::MessageTexts& texts_;
  const Clock& clock_;
  const telemetry::Log& log_;
};

}  // namespace kriya::identity
