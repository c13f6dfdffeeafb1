// Whose a Bearer token is, whatever its kind: the one place that knows them all.
#pragma once

#include "access/principals.h"
#include "identity/token_validation.h"
#include "identity/user_token.h"
#include "oauth/client_store.h"
#include "oauth/client_tokens.h"
#include "telemetry/metrics.h"

namespace kriya::oauth {

/// Strict, as identity::TokenValidation is: each question verifies one signature and reads one row, so that whoever was
/// revoked, rotated or deleted is refused from the commit on, by every instance. Safe to use from every I/O thread.
///
///   token_use       becomes
///   user, browser   the person: user_id, the sign-in's sid, what the person may do now
///   client          the program: client_id, the token's jti, what token and client both may do; in development also
///                   test-client, which may do nothing special (`demo`)
///   anything else, and tokens of the original service: refused
class BearerPrincipals final : public access::Principals {
 public:
  /// All references must outlive this object.
  BearerPrincipals(const identity::UserTokens& user_tokens, identity::TokenValidation& people,
                   const ClientTokens& client_tokens, ClientStore& clients, telemetry::Metrics& metrics);

  Task<Result<http::Principal>> of_bearer(std::string token, Deadline deadline) override;

 private:
  Task<Result<http::Principal>> of_user(http::TokenClaims claims, Deadline deadline);
  Task<Result<http::Principal>> of_client(ClientClaims claims, Deadline deadline);
  tl::unexpected<Error> refused(Error error);

  const identity::UserTokens& user_tokens_;
  identity::TokenValidation& people_;
  const ClientTokens& client_tokens_;
  ClientStore& clients_;
  telemetry::Counter& valid_;
  telemetry::Counter& invalid_;
};

}  // namespace kriya::oauth
