#include "verification/verification_endpoints.h"

#include "verification/relay.h"

namespace kriya::verification {
namespace {

using http::Caller;
using http::Method;
using http::RateLimit;

constexpr const char* kTag = "Phone numbers";
constexpr const char* kExampleId = "q3vXkq2mZ0Jc8o5n1rYt7uLwEaSdFgHjKlPzXcVbNmQ";

// Each start may send a message, which costs money: closed. The limits on codes hold besides.
const RateLimit kStartLimit{.name = "phone-verification",
                            .scope = RateLimit::Scope::api_key,
                            .requests = 3'000,
                            .when_away = RateLimit::WhenAway::closed};
const RateLimit kStartLimitOfUser{.name = "phone-verification-user",
                                  .scope = RateLimit::Scope::user,
                                  .requests = 60,
                                  .when_away = RateLimit::WhenAway::closed};

/// A server with a key asks for many people, a person for one.
Asker asker_of(const Caller& caller) {
  if (!caller.api_key_id.empty()) return {.name = "key:" + caller.api_key_id, .for_many = true};
  return {.name = "user:" + caller.token->user_id.str(), .for_many = false};
}

VerificationBody example_verification() {
  return {.id = kExampleId,
          .channel = Channel::sms,
          .phone_number = "+1\u2022\u2022\u2022\u2022\u2022\u20220123",
          .code_length = 6,
          .expires_at = *parse_rfc3339("2026-11-21T09:35:00Z"),
          .resend_at = *parse_rfc3339("2026-11-21T09:30:30Z")};
}

}  // namespace

void add_verification_endpoints(http::Router& router, http::AccessRule access, Verification& verification) {
  const std::vector<Errc> sending = {
      Errc::verification_unavailable, Errc::too_many_requests, Errc::forbidden, Errc::phone_disabled, Errc::opted_out,
      Errc::delivery_failed,          Errc::unavailable,       Errc::overloaded};
  const VerificationStarted started{true, "Verification code sent", example_verification()};
  router.add(
      Method::post, "/api/phone/verification",
      http::Endpoint<PhoneVerificationRequest, VerificationStarted>{
          .summary = "Send a code to a phone, for another application",
          .description = "The code is never told; the person types it into the application, which has it checked.",
          .tag = kTag,
          .access = {access},
          .limits = {kStartLimit, kStartLimitOfUser},
          .errors = sending,
          .example_request =
              PhoneVerificationRequest{*PhoneNumber::parse("+14155550123"), Channel::sms, "es", "203.0.113.7"},
          .example_answer = started,
          .no_store = true,
          .handle = [&](const PhoneVerificationRequest& request,
                        const Caller& caller) { return start_relay(verification, request, asker_of(caller), caller); },
      });
  std::vector<Errc> resending = sending;
  resending.push_back(Errc::verification_expired);
  router.add(
      Method::post, "/api/phone/verification/resend",
      http::Endpoint<ResendRequest, VerificationStarted>{
          .summary = "Send one more code; earlier ones stay good",
          .tag = kTag,
          .access = {access},
          .limits = {kStartLimit, kStartLimitOfUser},
          .errors = resending,
          .example_request = ResendRequest{kExampleId, Channel::voice},
          .example_answer = started,
          .no_store = true,
          .handle = [&](const ResendRequest& request,
                        const Caller& caller) { return resend_relay(verification, request, asker_of(caller), caller); },
      });
  router.add(
      Method::post, "/api/phone/verification/check",
      http::Endpoint<CodeRequest, PhoneVerificationAnswer>{
          .summary = "Check the code that a person typed",
          .description =
              "A wrong code is an answer, not an error: `valid` is false. What cannot be a code by its form is "
              "422, and no guess.",
          .tag = kTag,
          .access = {std::move(access)},
          .errors = {Errc::verification_expired, Errc::too_many_requests, Errc::phone_disabled, Errc::unavailable,
                     Errc::overloaded},
          .example_request = CodeRequest{kExampleId, "482913"},
          .example_answer = PhoneVerificationAnswer{true, "+14155550123", std::nullopt, "The code is right"},
          .no_store = true,
          .handle = [&](const CodeRequest& request,
                        const Caller& caller) { return check_relay(verification, request, asker_of(caller), caller); },
      });
}

}  // namespace kriya::verification
