#include "identity/token_validation.h"

#include "access/bearer.h"

namespace kriya::identity {

TokenValidation::TokenValidation(AccountStore& accounts, const UserTokens& tokens, const Clock& clock,
                                 telemetry::Metrics& metrics)
    : accounts_(accounts),
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

Task<Result<User>> TokenValidation::owner(TokenClaims claims, Deadline deadline) {
  auto user = co_await accounts_.find_by_id(claims.user_id, deadline);
  if (!user) co_return fail(user.error());
  if (!*user || (*user)->token_version != claims.token_version) {
    invalid_.add();
    co_return fail(Errc::invalid_token, "The token is invalid, expired or revoked.");
  }
  valid_.add();
  co_return **std::move(user);
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
  const auto user = co_await owner(claims, deadline);
  if (!user) co_return fail(user.error());
  // False means that another logout raised the version in between: then this token is as dead as wished.
  const auto raised = co_await accounts_.raise_token_version(user->id, user->token_version, clock_.now(), deadline);
  if (!raised) co_return fail(raised.error());
  revoked_.add();
  co_return LogoutAnswer{true, "Logged out successfully"};
}

http::AccessRule require_user_token(TokenValidation& validation) {
  http::AccessRule rule = access::bearer_or_query_token();
  rule.check = [&validation, take_token = std::move(rule.check)](const http::Request& request,
                                                                 http::Caller& caller) -> Result<void> {
    return take_token(request, caller)
        .and_then([&] { return validation.read(caller.bearer); })
        .map([&](const TokenClaims& claims) { caller.token = claims; });
  };
  return rule;
}

}  // namespace kriya::identity
