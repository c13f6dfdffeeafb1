#include "identity/endpoint_parts.h"

namespace kriya::identity {
namespace {

constexpr const char* kExampleId = "q3vXkq2mZ0Jc8o5n1rYt7uLwEaSdFgHjKlPzXcVbNmQ";

std::vector<Errc> with(std::vector<Errc> all, const std::vector<Errc>& others) {
  all.insert(all.end(), others.begin(), others.end());
  return all;
}

}  // namespace

std::vector<Errc> errors_of_sending(std::vector<Errc> others) {
  return with({Errc::verification_unavailable, Errc::too_many_requests, Errc::forbidden, Errc::phone_disabled,
               Errc::opted_out, Errc::delivery_failed, Errc::unavailable, Errc::overloaded},
              others);
}

std::vector<Errc> errors_of_checking(std::vector<Errc> others) {
  return with({Errc::invalid_code, Errc::verification_expired, Errc::too_many_requests, Errc::phone_disabled,
               Errc::unavailable, Errc::overloaded},
              others);
}

UserBody example_user() {
  return {.id = *Uuid::parse("019aa5f4-7c00-7a3e-9d53-0d5c1b2e4f60"),
          .phone_number = "+14155550123",
          .first_name = "Asha",
          .last_name = "Rao",
          .email = "asha@example.com",
          .created_at = *parse_rfc3339("2026-11-21T09:30:00Z")};
}

SignInAnswer example_sign_in(const char* message) {
  return {.success = true,
          .message = message,
          .token = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.c2ln",
          .refresh_token = "0cVq4o8Jm2nXyT1bKzR7uHsWfPdLgE5aQi9vMtBxYjA",
          .user = example_user(),
          .expires_at = *parse_rfc3339("2026-11-22T09:30:00Z")};
}

VerificationStarted example_started() {
  return {true,
          "Verification code sent",
          {.id = kExampleId,
           .channel = verification::Channel::sms,
           .phone_number = "+1\u2022\u2022\u2022\u2022\u2022\u20220123",
           .code_length = 6,
           .expires_at = *parse_rfc3339("2026-11-21T09:35:00Z"),
           .resend_at = *parse_rfc3339("2026-11-21T09:30:30Z")}};
}

CodeRequest example_code() { return {kExampleId, "482913"}; }

}  // namespace kriya::identity
