// Tokens for programs that prove themselves: the client credentials grant (RFC 6749 section 4.4).
#pragma once

#include <optional>
#include <string>

#include "oauth/client_store.h"
#include "oauth/client_tokens.h"
#include "oauth/token_request.h"
#include "schema/described.h"
#include "telemetry/metrics.h"

namespace kriya::oauth {

/// Answer to POST /auth/token (RFC 6749 section 5.1).
struct TokenAnswer {
  std::string access_token;
  std::string token_type = "Bearer";
  std::int64_t expires_in = ClientTokens::kLife.count();  // seconds
  std::optional<std::string> scope = {};                  // what was granted, unless that is nothing
  static constexpr bool kOmitEmpty = true;
};
BOOST_DESCRIBE_STRUCT(TokenAnswer, (), (access_token, token_type, expires_in, scope))

/// Stateless; safe to call from any I/O thread.
class ClientCredentials {
 public:
  /// All references must outlive this object.
  ClientCredentials(ClientStore& clients, const ClientTokens& tokens, telemetry::Metrics& metrics);

  /// A token for the client that the request proves to be, with the scope that it asks for, or else all that it has.
  /// `may_be_demo`: it comes from this machine; where there are demo tokens, a blank request gets one then.
  /// Errors: invalid_client (also for a blank request), invalid_request, unsupported_grant_type, invalid_scope; those
  /// of Database.
  Task<Result<TokenAnswer>> grant(TokenRequest request, bool may_be_demo, Deadline deadline);

 private:
  Task<Result<Client>> authenticate(std::string client_id, Secret secret, Deadline deadline);

  ClientStore& clients_;
  const ClientTokens& tokens_;
  telemetry::Counter& issued_;
  telemetry::Counter& refused_;
};

}  // namespace kriya::oauth
