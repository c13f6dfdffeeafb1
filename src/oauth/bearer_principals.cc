#include "oauth/bearer_principals.h"

#include "identity/claims.h"

namespace kriya::oauth {
namespace {

telemetry::Counter& outcomes(telemetry::Metrics& metrics, const char* valid) {
  return metrics.counter("kriya_tokens_validated_total", "Tokens checked, by outcome.", {{"valid", valid}});
}

}  // namespace

BearerPrincipals::BearerPrincipals(const identity::UserTokens& user_tokens, identity::TokenValidation& people,
                                   const ClientTokens& client_tokens, ClientStore& clients, telemetry::Metrics& metrics)
    : user_tokens_(user_tokens),
      people_(people),
      client_tokens_(client_tokens),
      clients_(clients),
      valid_(outcomes(metrics, "true")),
      invalid_(outcomes(metrics, "false")) {}

Task<Result<http::Principal>> BearerPrincipals::of_bearer(std::string token, Deadline deadline) {
  const auto claims = user_tokens_.verify(token);
  if (!claims) co_return refused(claims.error());
  const auto* use = identity::text_claim(*claims, "token_use");
  if (use != nullptr && *use == "client") {
    auto said = client_tokens_.read(*claims);
    if (!said) co_return refused(std::move(said.error()));
    co_return co_await of_client(*std::move(said), deadline);
  }
  // A browser's token says the same as a person's own; where it may be used is decided by where cookies are read.
  const bool of_person = use != nullptr && (*use == "user" || *use == "browser");
  auto said = of_person ? user_tokens_.read(*claims, *use) : Result<http::TokenClaims>(identity::refused_token());
  if (!said) co_return refused(std::move(said.error()));
  co_return co_await of_user(*std::move(said), deadline);
}

Task<Result<http::Principal>> BearerPrincipals::of_user(http::TokenClaims claims, Deadline deadline) {
  std::string session = *claims.session;
  auto found = co_await people_.holder(std::move(claims), deadline);  // counts the outcome itself
  if (!found) co_return fail(std::move(found.error()));
  co_return http::Principal{.user_id = found->user_id, .session = std::move(session), .scope = std::move(found->scope)};
}

Task<Result<http::Principal>> BearerPrincipals::of_client(ClientClaims claims, Deadline deadline) {
  if (claims.demo) {
    valid_.add();
    co_return http::Principal{.client_id = std::move(claims.client_id), .session = std::move(claims.jti), .demo = true};
  }
  auto client = co_await clients_.find(std::move(claims.client_id), deadline);
  if (!client) co_return fail(std::move(client.error()));
  if (!*client || (*client)->version != claims.version) co_return refused(identity::refused_token().value());
  valid_.add();
  co_return http::Principal{.client_id = std::move((*client)->id),
                            .session = std::move(claims.jti),
                            .scope = within(claims.scope, (*client)->scope)};
}

tl::unexpected<Error> BearerPrincipals::refused(Error error) {
  invalid_.add();
  return fail(std::move(error));
}

}  // namespace kriya::oauth
