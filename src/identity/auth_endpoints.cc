#include "identity/auth_endpoints.h"

#include "access/bearer.h"
#include "identity/endpoint_parts.h"

namespace kriya::identity {
namespace {

using http::Caller;
using http::Method;
using http::NoBody;
using http::RateLimit;

// People behind one address (a school, a mobile carrier) do not register five times a second for a minute. Each
// registration may send a message, which costs money: closed.
const RateLimit kRegisterLimit{
    .name = "register", .scope = RateLimit::Scope::stranger, .requests = 300, .when_away = RateLimit::WhenAway::closed};

// A trusted server registers for many people at once and sends no message; a hundred a second is a runaway loop.
const RateLimit kRegistrarLimit{.name = "registrar", .scope = RateLimit::Scope::api_key, .requests = 6'000};

// A relying party asks once for each of its own requests: a thousand a second keeps one from starving the others.
const RateLimit kValidatorLimit{.name = "token-validator", .scope = RateLimit::Scope::api_key, .requests = 60'000};

// As `register`: one more message each.
const RateLimit kResendLimit{
    .name = "resend", .scope = RateLimit::Scope::address, .requests = 300, .when_away = RateLimit::WhenAway::closed};

SignInAnswer example_vouched_sign_in() {
  SignInAnswer answer = example_sign_in("Login successful");
  answer.refresh_token.reset();
  return answer;
}

RegisterRequest example_registration() {
  return {.phone_number = *PhoneNumber::parse("+14155550123"),
          .first_name = *PersonName::parse("Asha"),
          .last_name = *PersonName::parse("Rao"),
          .email = *EmailAddress::parse("asha@example.com"),
          .channel = verification::Channel::sms,
          .refresh_token = {}};
}

Task<Result<UserBody>> read_user(TokenValidation& validation, TokenClaims claims, Deadline deadline) {
  const auto user = co_await validation.owner(claims, deadline);
  co_return user.map(to_body);
}

http::Route jwks_route(std::string jwks) {
  return {.method = Method::get,
          .path = "/.well-known/jwks.json",
          .access = {},
          .run = [jwks](const http::Request&, const Caller&) -> Task<http::Response> {
            return http::answer_with({.status = 200,
                                      .content_type = "application/json",
                                      .body = jwks,
                                      .headers = {{"Cache-Control", "public, max-age=300"}}});
          },
          .describe =
              [](schema::Components&) {
                return http::Operation{
                    .summary = "The public keys that verify Kriya's tokens",
                    .description = "A JWK Set (RFC 7517). Empty while JWT_ALGORITHM is an HMAC.",
                    .tag = kTag,
                    .errors = {},
                    .request_schema = {},
                    .request_example = {},
                    .answers = {{.schema = {{"type", "object"},
                                            {"required", json::array{"keys"}},
                                            {"properties",
                                             {{"keys", {{"type", "array"}, {"items", {{"type", "object"}}}}}}}}}}};
              }};
}

/// Signing in: a code is sent, sent again, typed back.
void add_sign_in(http::Router& router, http::AccessRule registrar, Registration& registration) {
  router.add(Method::post, "/api/auth/register",
             http::Endpoint<RegisterRequest, RegisterAnswer>{
                 .summary = "Register a phone number, or sign in with a known one",
                 .description =
                     "A code is sent (202), the same for known and unknown numbers; POST /api/auth/verify takes it. "
                     "A number that a trusted server has proven is signed in at once (200), without a refresh token. "
                     "A known number keeps its stored profile.",
                 .tag = kTag,
                 .access = {std::move(registrar), access::optional_bearer()},
                 .limits = {kRegisterLimit, kRegistrarLimit},
                 .errors = errors_of_sending(),
                 .example_request = example_registration(),
                 .example_answer = example_started(),
                 .other_examples = {example_vouched_sign_in()},
                 .no_store = true,
                 .handle = [&](const RegisterRequest& request,
                               const Caller& caller) { return registration.begin(request, caller); },
             });
  router.add(Method::post, "/api/auth/verify",
             http::Endpoint<CodeRequest, SignInAnswer>{
                 .summary = "Sign in with the code that the phone received",
                 .description = "Five guesses a verification. What cannot be a code by its form is 422, and no guess.",
                 .tag = kTag,
                 .limits = {kVerifyLimit},
                 .errors = errors_of_checking({Errc::conflict}),
                 .example_request = example_code(),
                 .example_answer = example_sign_in("Registration successful"),
                 .no_store = true,
                 .handle = [&](const CodeRequest& request,
                               const Caller& caller) { return registration.verify(request, caller); },
             });
  router.add(Method::post, "/api/auth/verify/resend",
             http::Endpoint<ResendRequest, VerificationStarted>{
                 .summary = "Send one more code; earlier ones stay good",
                 .tag = kTag,
                 .limits = {kResendLimit},
                 .errors = errors_of_sending({Errc::verification_expired}),
                 .example_request = ResendRequest{example_code().verification_id, verification::Channel::voice},
                 .example_answer = example_started(),
                 .no_store = true,
                 .handle = [&](const ResendRequest& request,
                               const Caller& caller) { return registration.resend(request, caller); },
             });
}

void add_refresh(http::Router& router, TokenRefresh& refresh) {
  router.add(Method::post, "/api/auth/refresh",
             http::Endpoint<RefreshRequest, SignInAnswer>{
                 .summary = "Exchange a refresh token for a new pair",
                 .description = "The one that was sent is spent. For 10 s, while its successor is unused, a repeat "
                                "answers the same successor; any later use of a spent one ends the session.",
                 .tag = kTag,
                 .limits = {kRefreshLimit},
                 .errors = {Errc::invalid_token, Errc::unavailable, Errc::overloaded},
                 .example_request = RefreshRequest{*example_sign_in("").refresh_token},
                 .example_answer = example_sign_in("Token refreshed"),
                 .no_store = true,
                 .handle = [&](const RefreshRequest& request,
                               const Caller& caller) { return refresh.refresh(request.refresh_token, caller); },
             });
}

}  // namespace

void add_auth_endpoints(http::Router& router, AuthAccess rules, Registration& registration, TokenRefresh& refresh,
                        TokenValidation& validation) {
  add_sign_in(router, std::move(rules.registrar), registration);
  add_refresh(router, refresh);
  router.add(Method::post, "/api/auth/validate-token",
             http::Endpoint<ValidateRequest, ValidateAnswer>{
                 .summary = "Tell another server who a token belongs to",
                 .description = "A bad, expired or revoked token is an answer, not an error: `valid` is false.",
                 .tag = kTag,
                 .access = {std::move(rules.token_validator)},
                 .limits = {kValidatorLimit},
                 .errors = {Errc::unavailable},
                 .example_request = ValidateRequest{"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.c2ln"},
                 .example_answer = ValidateAnswer{true, example_user(), "Token is valid"},
                 .no_store = true,
                 .handle = [&](const ValidateRequest& request,
                               const Caller& caller) { return validation.validate(request.token, caller.deadline); },
             });
  router.add(Method::get, "/api/auth/user",
             http::Endpoint<NoBody, UserBody>{
                 .summary = "The signed-in user",
                 .tag = kTag,
                 .access = {access::require_token(validation, access::bearer_or_query_token())},
                 .limits = {kHolderAddressLimit, kHolderLimit},
                 .errors = {Errc::unavailable},
                 .example_answer = example_user(),
                 .no_store = true,
                 .deprecated_query_token = true,
                 .handle = [&](const NoBody&,
                               const Caller& caller) { return read_user(validation, *caller.token, caller.deadline); },
             });
  router.add(
      Method::delete_, "/api/auth/logout",
      http::Endpoint<NoBody, LogoutAnswer>{
          .summary = "Log out everywhere",
          .description = "Every token and session of the user is dead, on every instance, when the answer is sent.",
          .tag = kTag,
          .access = {access::require_token(validation, access::bearer_or_query_token())},
          .limits = {kHolderAddressLimit, kHolderLimit},
          .errors = {Errc::unavailable, Errc::overloaded},
          .example_answer = LogoutAnswer{true, "Logged out successfully"},
          .deprecated_query_token = true,
          .handle = [&](const NoBody&,
                        const Caller& caller) { return validation.revoke_all(*caller.token, caller.deadline); },
      });
}

void add_jwks_endpoint(http::Router& router, const KeyRing& keys) { router.add(jwks_route(keys.jwks())); }

}  // namespace kriya::identity
