#include "identity/sign_in_issuer.h"

#include <algorithm>

#include "base/encoding.h"
#include "crypto/digest.h"
#include "crypto/random.h"

namespace kriya::identity {
namespace {

constexpr std::size_t kRefreshTokenBytes = 32;

}  // namespace

SignInIssuer::SignInIssuer(Rules rules, const Secret& master, const UserTokens& tokens, const Clock& clock,
                           telemetry::Metrics& metrics)
    : rules_(rules),
      key_(crypto::derive_key(master, "refresh-token")),
      tokens_(tokens),
      clock_(clock),
      issued_(metrics.counter("kriya_tokens_issued_total", "User tokens issued.")) {}

IssuedSignIn SignInIssuer::proven(const User& user, const http::Caller& caller) const {
  IssuedSignIn issued;
  Session& session = issued.rows.session = new_session(user, caller);
  session.proven_at = session.started_at;
  session.expires_at = session.started_at + std::min(rules_.life, std::max(rules_.idle, tokens_.life()));
  add_token(issued, user, caller);
  add_refresh_token(issued, crypto::random_token());
  return issued;
}

IssuedSignIn SignInIssuer::vouched(const User& user, const http::Caller& caller) const {
  IssuedSignIn issued;
  Session& session = issued.rows.session = new_session(user, caller);
  session.expires_at = session.started_at + tokens_.life();
  add_token(issued, user, caller);
  session.expires_at = issued.expires_at;
  return issued;
}

IssuedSignIn SignInIssuer::in_browser(const User& user, std::chrono::seconds idle,
                                      std::optional<std::string> instead_of, const http::Caller& caller) const {
  IssuedSignIn issued;
  Session& session = issued.rows.session = new_session(user, caller);
  session.proven_at = session.started_at;
  session.expires_at = issued.expires_at = renewed_until(session, idle);
  issued.rows.instead_of = std::move(instead_of);
  return issued;
}

Timestamp SignInIssuer::renewed_until(const Session& session, std::chrono::seconds idle) const {
  return std::min(session.started_at + rules_.life, clock_.now() + idle);
}

IssuedToken SignInIssuer::browser_token(const User& user, const Session& session, const http::Caller& caller) const {
  IssuedToken token = tokens_.issue(user, session.id, session.expires_at, "browser");
  token.record.client_address = caller.address;
  token.record.user_agent = caller.user_agent;
  return token;
}

IssuedSignIn SignInIssuer::next(const User& user, Session session, const std::string& parent,
                                const http::Caller& caller) const {
  session.last_seen_at = clock_.now();
  session.expires_at =
      std::min(session.started_at + rules_.life, session.last_seen_at + std::max(rules_.idle, tokens_.life()));
  IssuedSignIn issued;
  issued.rows.session = std::move(session);
  add_token(issued, user, caller);
  add_refresh_token(issued, base64url_encode(crypto::hmac_sha256(key_.reveal(), parent)));
  return issued;
}

std::optional<std::string> SignInIssuer::hash_of(std::string_view refresh_token) {
  const auto bytes = base64url_decode(refresh_token);
  if (!bytes || bytes->size() != kRefreshTokenBytes) return std::nullopt;
  return base64url_encode(crypto::sha256(refresh_token));
}

SignInAnswer SignInIssuer::answer(std::string message, const User& user, IssuedSignIn issued) const {
  issued_.add();
  return {.success = true,
          .message = std::move(message),
          .token = std::move(issued.token),
          .refresh_token = std::move(issued.refresh_token),
          .user = to_body(user),
          .expires_at = issued.expires_at};
}

Session SignInIssuer::new_session(const User& user, const http::Caller& caller) const {
  const Timestamp now = clock_.now();
  return {.id = crypto::random_token(),
          .user_id = user.id,
          .token_version = user.token_version,
          .started_at = now,
          .proven_at = {},
          .last_seen_at = now,
          .expires_at = now,
          .ended_at = {},
          .client_address = caller.address,
          .user_agent = caller.user_agent};
}

void SignInIssuer::add_token(IssuedSignIn& issued, const User& user, const http::Caller& caller) const {
  IssuedToken token = tokens_.issue(user, issued.rows.session.id, issued.rows.session.expires_at);
  token.record.client_address = caller.address;
  token.record.user_agent = caller.user_agent;
  issued.token = std::move(token.jwt);
  issued.expires_at = token.expires_at;
  issued.rows.token = std::move(token.record);
}

void SignInIssuer::add_refresh_token(IssuedSignIn& issued, std::string token) const {
  const Session& session = issued.rows.session;
  issued.rows.refresh =
      RefreshToken{.hash = *hash_of(token),
                   .session_id = session.id,
                   .issued_at = session.last_seen_at,
                   .expires_at = std::min(session.started_at + rules_.life, session.last_seen_at + rules_.idle),
                   .used_at = {}};
  issued.refresh_token = std::move(token);
}

}  // namespace kriya::identity
