#include "oauth/client_tokens.h"

#include <optional>
#include <stdexcept>

#include "crypto/jwt.h"
#include "crypto/random.h"
#include "identity/claims.h"
#include "schema/described.h"

namespace kriya::oauth {
namespace {

constexpr const char* kDemoUser = "test-user";

/// The claims in the order in which they are written.
struct WrittenClaims {
  std::int64_t exp = 0;
  std::int64_t iat = 0;
  std::string sub;
  std::string client_id;
  std::string iss;
  std::string aud;
  std::string jti;
  std::string token_use;
  std::string scope;  // RFC 8693 section 4.2
  std::optional<std::int64_t> client_version;
  static constexpr bool kOmitEmpty = true;
};
BOOST_DESCRIBE_STRUCT(WrittenClaims, (), (exp, iat, sub, client_id, iss, aud, jti, token_use, scope, client_version))

/// What every client token says besides whose it is.
WrittenClaims claims_at(Timestamp now, const std::string& audience) {
  return {.exp = now.seconds() + ClientTokens::kLife.count(),
          .iat = now.seconds(),
          .sub = {},
          .client_id = {},
          .iss = std::string(identity::kIssuer),
          .aud = audience,
          .jti = crypto::new_uuid(now).str(),
          .token_use = "client",
          .scope = {},
          .client_version = {}};
}

}  // namespace

std::string ClientTokens::issue(const Client& client, const std::string& scope) const {
  WrittenClaims claims = claims_at(clock_.now(), rules_.audience);
  claims.sub = claims.client_id = client.id;  // RFC 9068 section 2.2: the subject is the client itself
  claims.scope = scope;
  claims.client_version = client.version;
  return crypto::sign_jwt(keys_.signing(), schema::write(claims));
}

std::string ClientTokens::issue_demo() const {
  if (!rules_.demo_tokens) throw std::logic_error("a demo token outside development");
  WrittenClaims claims = claims_at(clock_.now(), rules_.audience);
  claims.sub = kDemoUser;
  claims.client_id = kDemoClient;
  return crypto::sign_jwt(keys_.signing(), schema::write(claims));
}

Result<ClientClaims> ClientTokens::read(const json::object& claims) const {
  using identity::refused_token;
  using identity::text_claim;
  const auto* use = text_claim(claims, "token_use");
  const auto* subject = text_claim(claims, "sub");
  const auto* client = text_claim(claims, "client_id");
  const auto* jti = text_claim(claims, "jti");
  const auto* scope = text_claim(claims, "scope");
  const bool whole = use != nullptr && subject != nullptr && client != nullptr && jti != nullptr && scope != nullptr &&
                     *use == "client";
  if (!whole || !identity::is_for(claims, rules_.audience)) return refused_token();
  ClientClaims said{.client_id = std::string(*client), .scope = std::string(*scope), .jti = std::string(*jti)};
  if (*client == kDemoClient) {
    if (!rules_.demo_tokens || *subject != kDemoUser || !scope->empty()) return refused_token();
    said.demo = true;
    return said;
  }
  const json::value* version = claims.if_contains("client_version");
  if (*subject != *client || version == nullptr || !version->is_int64()) return refused_token();
  said.version = version->get_int64();
  return said;
}

}  // namespace kriya::oauth
