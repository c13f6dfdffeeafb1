// Proving a phone for somebody else: what other applications and agents ask for, whichever way they come.
#pragma once

#include <string>

#include "verification/verification_messages.h"

namespace kriya::verification {

/// Who has numbers proven. What one asker opened only the same asker can answer.
struct Asker {
  std::string name;      // "user:<id>", "key:<id>", "client:<id>"
  bool for_many = true;  // a server that asks for many people, so that its own address is nobody's: limits by address
                         // count the person's, where it is told, and else each request by itself
};

/// Errors of each: those of Verification, and invalid_fields. `verification` must outlive the call.
Task<Result<VerificationStarted>> start_relay(Verification& verification, PhoneVerificationRequest request, Asker asker,
                                              http::Caller caller);
Task<Result<VerificationStarted>> resend_relay(Verification& verification, ResendRequest request, Asker asker,
                                               http::Caller caller);

/// A wrong code is an answer, not an error.
Task<Result<PhoneVerificationAnswer>> check_relay(Verification& verification, CodeRequest request, Asker asker,
                                                  http::Caller caller);

}  // namespace kriya::verification
