// The bodies of the phone sign-in API.
#pragma once

#include <optional>
#include <string>

#include "identity/user.h"
#include "phone/phone_number.h"
#include "schema/described.h"

namespace kriya::identity {

/// Body of POST /api/auth/register.
struct RegisterRequest {
  PhoneNumber phone_number;
  PersonName first_name;
  std::optional<PersonName> last_name;
  std::optional<EmailAddress> email;
};
BOOST_DESCRIBE_STRUCT(RegisterRequest, (), (phone_number, first_name, last_name, email))

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

/// Answer to a completed sign-in.
struct SignInAnswer {
  bool success = true;
  std::string message;  // "Registration successful" or "Login successful"
  std::string token;
  UserBody user;
  Timestamp expires_at;
};
BOOST_DESCRIBE_STRUCT(SignInAnswer, (), (success, message, token, user, expires_at))

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

struct LogoutAnswer {
  bool success = true;
  std::string message;
};
BOOST_DESCRIBE_STRUCT(LogoutAnswer, (), (success, message))

UserBody to_body(const User& user);

}  // namespace kriya::identity
