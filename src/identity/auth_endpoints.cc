#include "identity/auth_endpoints.h"

namespace kriya::identity {
namespace {

using http::Caller;
using http::Method;
using http::NoBody;
using http::RateLimit;

constexpr const char* kTag = "Phone sign-in";

// People behind one address (a school, a mobile carrier) do not register five times a second for a minute. Each
// registration may send a message, which costs money: closed.
const RateLimit kRegisterLimit{
    .name = "register", .scope = RateLimit::Scope::stranger, .requests = 300, .when_away = RateLimit::WhenAway::closed};

// A trusted server registers for many people at once and sends no message; a hundred a second is a runaway loop.
const RateLimit kRegistrarLimit{.name = "registrar", .scope = RateLimit::Scope::api_key, .requests = 6'000};

// A relying party asks once for each of its own requests: a thousand a second keeps one from starving the others.
const RateLimit kValidatorLimit{.name = "token-validator", .scope = RateLimit::Scope::api_key, .requests = 60'000};

// Many people may share an address; the limit is there for floods of forged tokens, each of which costs a signature.
const RateLimit kHolderAddressLimit{.name = "account-address", .scope = RateLimit::Scope::address, .requests = 3'000};

// One person's pages and devices together, with room: ten a second.
const RateLimit kHolderLimit{.name = "account", .scope = RateLimit::Scope::user, .requests = 600};

UserBody example_user() {
  return {.id = *Uuid::parse("019aa5f4-7c00-7a3e-9d53-0d5c1b2e4f60"),
          .phone_number = "+14155550123",
          .first_name = "Asha",
          .last_name = "Rao",
          .email = "asha@example.com",
          .created_at = *parse_rfc3339("2026-11-21T09:30:00Z")};
}

RegisterRequest example_registration() {
  return {.phone_number = *PhoneNumber::parse("+14155550123"),
          .first_name = *PersonName::parse("Asha"),
          .last_name = *PersonName::parse("Rao"),
          .email = *EmailAddress::parse("asha@example.com")};
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

}  // namespace

void add_auth_endpoints(http::Router& router, AuthAccess access, Registration& registration,
                        TokenValidation& validation) {
  router.add(Method::post, "/api/auth/register",
             http::Endpoint<RegisterRequest, SignInAnswer>{
                 .summary = "Register a phone number, or sign in with a known one",
                 .description = "A known number signs in and keeps its stored profile.",
                 .tag = kTag,
                 .access = {std::move(access.registrar)},
                 .limits = {kRegisterLimit, kRegistrarLimit},
                 .errors = {Errc::verification_unavailable, Errc::unavailable, Errc::overloaded},
                 .example_request = example_registration(),
                 .example_answer =
                     SignInAnswer{true, "Registration successful", "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.c2ln",
                                  example_user(), *parse_rfc3339("2026-11-22T09:30:00Z")},
                 .no_store = true,
                 .handle = [&](const RegisterRequest& request,
                               const Caller& caller) { return registration.begin(request, caller); },
             });
  router.add(Method::post, "/api/auth/validate-token",
             http::Endpoint<ValidateRequest, ValidateAnswer>{
                 .summary = "Tell another server who a token belongs to",
                 .description = "A bad, expired or revoked token is an answer, not an error: `valid` is false.",
                 .tag = kTag,
                 .access = {std::move(access.token_validator)},
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
                 .access = {require_user_token(validation)},
                 .limits = {kHolderAddressLimit, kHolderLimit},
                 .errors = {Errc::unavailable},
                 .example_answer = example_user(),
                 .no_store = true,
                 .deprecated_query_token = true,
                 .handle = [&](const NoBody&,
                               const Caller& caller) { return read_user(validation, *caller.token, caller.deadline); },
             });
  router.add(Method::delete_, "/api/auth/logout",
             http::Endpoint<NoBody, LogoutAnswer>{
                 .summary = "Log out everywhere",
                 .description =
                     "Every token that the user was given before is dead, on every instance, when the answer is sent.",
                 .tag = kTag,
                 .access = {require_user_token(validation)},
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
