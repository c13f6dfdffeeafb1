#include "identity/token_validation.h"

namespace kriya::identity {

TokenValidation::TokenValidation(AccountStore& accounts, SessionStore& sessions, const UserTokens& tokens,
                                 const Clock& clock, telemetry::Metrics& metrics)
    : accounts_(accounts),
      sessions_(sessions),
      tokens_(tokens),
      clock_(clock),
      valid_(metrics.counter("kriya_tokens_validated_total", "Tokens checked, by outcome.", {{"valid", "true"}})),
      invalid_(metrics.counter("kriya_tokens_validated_total", "Tokens checked, by outcome.", {{"valid", "false"}})),
      revoked_(metrics.counter("kriya_tokens_revoked_total", "Times that all tokens of a user were revoked.")) {}

Result<TokenClaims> TokenValidation::read(std::string_view token) {
  auto claims = tokens_.read(token);
  if (!claims) invalid_.add();
  return claims;
}

Task<Result<std::optional<SignedIn>>> TokenValidation::find(TokenClaims claims, Deadline deadline) {
  if (claims.session) {
    auto held = co_await sessions_.find(*claims.session, deadline);
    if (!held) co_return fail(held.error());
    if (*held) {
      HeldSession& found = **held;
      const bool good = found.user.id == claims.user_id && found.user.token_version == claims.token_version &&
                        lives(found.session, found.user.token_version, tokens_.expired_by());
      if (!good) co_return std::nullopt;
      co_return SignedIn{std::move(found.user), std::move(found.session)};
    }
  }
  // The original service's tokens have no session. Nor have those that a program of the version before issues, while
  // both versions run or ran a day ago: it writes a random `sid` and no row. Every session of this version has its row
  // until all its tokens have expired (SessionStore::sweep) or its user is gone, so a missing row can mean nothing
  // else.
  auto user = co_await accounts_.find_by_id(claims.user_id, deadline);
  if (!user) co_return fail(user.error());
  if (!*user || (*user)->token_version != claims.token_version) co_return std::nullopt;
  co_return SignedIn{**std::move(user), std::nullopt};
}

Task<Result<SignedIn>> TokenValidation::signed_in(TokenClaims claims, Deadline deadline) {
  auto found = co_await find(std::move(claims), deadline);
  if (!found) co_return fail(found.error());
  if (!*found) {
    invalid_.add();
    co_return fail(Errc::invalid_token, "The token is invalid, expired or revoked.");
  }
  valid_.add();
  co_return **std::move(found);
}

Task<Result<User>> TokenValidation::owner(TokenClaims claims, Deadline deadline) {
  auto found = co_await signed_in(std::move(claims), deadline);
  if (!found) co_return fail(found.error());
  co_return std::move(found->user);
}

Task<Result<access::Holder>> TokenValidation::holder(TokenClaims claims, Deadline deadline) {
  auto found = co_await signed_in(std::move(claims), deadline);
  if (!found) co_return fail(found.error());
  co_return access::Holder{found->user.id, std::move(found->user.scope).value_or(std::string())};
}

Task<Result<ValidateAnswer>> TokenValidation::validate(std::string token, Deadline deadline) {
  constexpr auto kRefusal = "Invalid or expired token";
  const auto claims = read(token);
  if (!claims) co_return ValidateAnswer{false, std::nullopt, kRefusal};
  const auto user = co_await owner(*claims, deadline);
  if (user) co_return ValidateAnswer{true, to_body(*user), "Token is valid"};
  if (user.error().code != Errc::invalid_token) co_return fail(user.error());
  co_return ValidateAnswer{false, std::nullopt, kRefusal};
}

Task<Result<LogoutAnswer>> TokenValidation::revoke_all(TokenClaims claims, Deadline deadline) {
  const auto user = co_await owner(std::move(claims), deadline);
  if (!user) co_return fail(user.error());
  // False means that another logout raised the version in between: then this token is as dead as wished.
  const auto raised = co_await accounts_.raise_token_version(user->id, user->token_version, clock_.now(), deadline);
  if (!raised) co_return fail(raised.error());
  revoked_.add();
  co_return LogoutAnswer{true, "Logged out successfully"};
}

}  // namespace kriya::identity
