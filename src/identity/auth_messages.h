// The bodies of the phone sign-in API.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "identity/user.h"
#include "phone/phone_number.h"
#include "schema/described.h"
#include "verification/verification_messages.h"

namespace kriya::identity {

using verification::CodeRequest;
using verification::ResendRequest;
using verification::VerificationStarted;

/// Body of POST /api/auth/register.
struct RegisterRequest {
  PhoneNumber phone_number;
  PersonName first_name;
  std::optional<PersonName> last_name;
  std::optional<EmailAddress> email;
  std::optional<verification::Channel> channel;  // by which the code comes
  /// Of a session of this number's owner on this device: its guesses are counted apart from those of strangers.
  std::optional<std::string> refresh_token;
};
BOOST_DESCRIBE_STRUCT(RegisterRequest, (), (phone_number, first_name, last_name, email, channel, refresh_token))

/// A user as clients and relying parties see one.
struct UserBody {
  Uuid id;
  std::string phone_number;
  std::string first_name;
  std::optional<std::string> last_name;
  std::optional<std::string> email;
  Timestamp created_at;
};
BOOST_DESCRIBE_STRUCT(UserBody, (), (id, phone_number, first_name, last_name, email, created_at))

/// Answer to a completed sign-in, and to a refresh.
struct SignInAnswer {
  bool success = true;
  std::string message;  // "Registration successful", "Login successful", "Token refreshed", ...
  std::string token;
  std::optional<std::string> refresh_token = {};  // not without a proof of the phone
  UserBody user;
  Timestamp expires_at;  // of the token
  static constexpr bool kOmitEmpty = true;
};
BOOST_DESCRIBE_STRUCT(SignInAnswer, (), (success, message, token, refresh_token, user, expires_at))

/// Answer to POST /api/auth/register: signed in at once (200), or a code was sent (202).
using RegisterAnswer = std::variant<SignInAnswer, VerificationStarted>;

/// Body of POST /api/auth/refresh.
struct RefreshRequest {
  std::string refresh_token;
};
BOOST_DESCRIBE_STRUCT(RefreshRequest, (), (refresh_token))

/// Body of POST /api/auth/validate-token.
struct ValidateRequest {
  std::string token;
};
BOOST_DESCRIBE_STRUCT(ValidateRequest, (), (token))

/// A bad token is no error of the request: `valid` says so.
struct ValidateAnswer {
  bool valid = false;
  std::optional<UserBody> user;
  std::string message;
};
BOOST_DESCRIBE_STRUCT(ValidateAnswer, (), (valid, user, message))

/// Answer to what ends or changes something and has nothing else to tell.
struct LogoutAnswer {
  bool success = true;
  std::string message;
};
BOOST_DESCRIBE_STRUCT(LogoutAnswer, (), (success, message))

UserBody to_body(const User& user);

}  // namespace kriya::identity
