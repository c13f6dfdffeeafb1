// The bodies of the API by which another application has a phone proven.
#pragma once

#include <optional>
#include <string>

#include "verification/verification.h"

namespace kriya::verification {

/// Answer to a code that was sent.
struct VerificationStarted {
  static constexpr int kStatus = 202;
  bool success = true;
  std::string message;
  VerificationBody verification;
};
BOOST_DESCRIBE_STRUCT(VerificationStarted, (), (success, message, verification))

/// Body of POST /api/phone/verification.
struct PhoneVerificationRequest {
  PhoneNumber phone_number;
  std::optional<Channel> channel;
  std::optional<std::string> locale;          // as Accept-Language, which it replaces
  std::optional<std::string> client_address;  // the person's, for the limits by address; of a server with a key alone
};
BOOST_DESCRIBE_STRUCT(PhoneVerificationRequest, (), (phone_number, channel, locale, client_address))

/// Body of POST /api/phone/verification/resend, and of the sign-in's own.
struct ResendRequest {
  std::string verification_id;
  std::optional<Channel> channel;
};
BOOST_DESCRIBE_STRUCT(ResendRequest, (), (verification_id, channel))

/// Body of every request that types a code back.
struct CodeRequest {
  std::string verification_id;
  std::string code;
};
BOOST_DESCRIBE_STRUCT(CodeRequest, (), (verification_id, code))

/// A wrong code is an answer to the application that asks, not an error of its request.
struct PhoneVerificationAnswer {
  bool valid = false;
  std::optional<std::string> phone_number;  // E.164, of a right one
  std::optional<std::int64_t> attempts_left;
  std::string message;
};
BOOST_DESCRIBE_STRUCT(PhoneVerificationAnswer, (), (valid, phone_number, attempts_left, message))

}  // namespace kriya::verification
