// Everything about registered programs and whoever bears a token, built in order.
#pragma once

#include "app/sign_in.h"
#include "oauth/bearer_principals.h"
#include "oauth/client_credentials.h"
#include "oauth/client_store.h"
#include "oauth/client_tokens.h"

namespace kriya::app {

struct Clients {
  /// All references must outlive this object.
  Clients(const config::Settings& settings, const std::string& public_url, SignIn& sign_in, storage::Database& database,
          const Clock& clock, telemetry::Metrics& metrics)
      : store(database),
        tokens(sign_in.keys, {.audience = public_url, .demo_tokens = !settings.in_production()}, clock),
        credentials(store, tokens, metrics),
        principals(sign_in.tokens, sign_in.validation, tokens, store, metrics) {}

  oauth::ClientStore store;
  oauth::ClientTokens tokens;
  oauth::ClientCredentials credentials;
  oauth::BearerPrincipals principals;
};

}  // namespace kriya::app
