#include "verification/verification_endpoints.h"

#include "crypto/random.h"
#include "http/client_address.h"
#include "verification/verification_messages.h"

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

/// Whom a challenge belongs to.
std::string opener(const Caller& caller) {
  return caller.api_key_id.empty() ? "user:" + caller.token->user_id.str() : "key:" + caller.api_key_id;
}

/// A server with a key asks for many people, so its own address is nobody's: limits by address count the person's,
/// where it is told, and else each request by itself.
Result<Caller> on_behalf_of(Caller caller, const std::optional<std::string>& client_address) {
  if (caller.api_key_id.empty()) return caller;
  if (!client_address) {
    caller.address = "key:" + caller.api_key_id + ":" + crypto::random_token();
    return caller;
  }
  boost::system::error_code not_an_address;
  const auto address = boost::asio::ip::make_address(*client_address, not_an_address);
  if (not_an_address) {
    return fail(Error{Errc::invalid_fields,
                      "A field is not acceptable: client_address must be an IP address.",
                      {{"client_address", "must be an IP address"}}});
  }
  caller.address = http::address_text(address);
  return caller;
}

VerificationBody example_verification() {
  return {.id = kExampleId,
          .channel = Channel::sms,
          .phone_number = "+1\u2022\u2022\u2022\u2022\u2022\u20220123",
          .code_length = 6,
          .expires_at = *parse_rfc3339("2026-11-21T09:35:00Z"),
          .resend_at = *parse_rfc3339("2026-11-21T09:30:30Z")};
}

Result<VerificationStarted> as_started(Result<VerificationBody> body) {
  if (!body) return fail(std::move(body.error()));
  return VerificationStarted{true, "Verification code sent", *std::move(body)};
}

Task<Result<VerificationStarted>> start(Verification& verification, PhoneVerificationRequest request, Caller caller) {
  StartRequest wanted{.phone_number = std::move(request.phone_number),
                      .purpose = Purpose::relay,
                      .opened_by = opener(caller),
                      .channel = request.channel,
                      .languages = request.locale.value_or(caller.accept_language)};
  auto behalf = on_behalf_of(std::move(caller), request.client_address);
  if (!behalf) co_return fail(std::move(behalf.error()));
  co_return as_started(co_await verification.start(std::move(wanted), *std::move(behalf)));
}

Task<Result<VerificationStarted>> resend(Verification& verification, ResendRequest request, Caller caller) {
  std::string opened_by = opener(caller);
  co_return as_started(co_await verification.resend(std::move(request.verification_id), std::move(opened_by),
                                                    request.channel, *on_behalf_of(std::move(caller), std::nullopt)));
}

Task<Result<PhoneVerificationAnswer>> check(Verification& verification, CodeRequest request, Caller caller) {
  std::string opened_by = opener(caller);
  auto proof = co_await verification.check(std::move(request.verification_id), std::move(request.code), Purpose::relay,
                                           std::move(opened_by), *on_behalf_of(std::move(caller), std::nullopt));
  if (proof) co_return PhoneVerificationAnswer{true, proof->phone_number.str(), std::nullopt, "The code is right"};
  if (proof.error().code != Errc::invalid_code) co_return fail(std::move(proof.error()));
  co_return PhoneVerificationAnswer{false, std::nullopt, proof.error().attempts_left, "The code is wrong"};
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
                        const Caller& caller) { return start(verification, request, caller); },
      });
  std::vector<Errc> resending = sending;
  resending.push_back(Errc::verification_expired);
  router.add(Method::post, "/api/phone/verification/resend",
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
                               const Caller& caller) { return resend(verification, request, caller); },
             });
  router.add(Method::post, "/api/phone/verification/check",
             http::Endpoint<CodeRequest, PhoneVerificationAnswer>{
                 .summary = "Check the code that a person typed",
                 .description = "A wrong code is an answer, not an error: `valid` is false.",
                 .tag = kTag,
                 .access = {std::move(access)},
                 .errors = {Errc::verification_expired, Errc::too_many_requests, Errc::phone_disabled,
                            Errc::unavailable, Errc::overloaded},
                 .example_request = CodeRequest{kExampleId, "482913"},
                 .example_answer = PhoneVerificationAnswer{true, "+14155550123", std::nullopt, "The code is right"},
                 .no_store = true,
                 .handle = [&](const CodeRequest& request,
                               const Caller& caller) { return check(verification, request, caller); },
             });
}

}  // namespace kriya::verification
