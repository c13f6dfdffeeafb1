#include "access/session_lookup.h"

#include <algorithm>

namespace kriya::access {
namespace {

Task<Result<void>> confirm_scope(SessionLookup& sessions, std::string scope, http::Caller& caller) {
  // Tokens of the original service, which have no session, are good for the sign-in API alone.
  if (!caller.token->session) co_return fail(Errc::invalid_token, "This token is of an older kind; sign in again.");
  const auto holder = co_await sessions.holder(*caller.token, caller.deadline);
  if (!holder) co_return fail(holder.error());
  if (!has_scope(holder->scope, scope)) {
    co_return fail(Errc::insufficient_scope, "This needs the scope " + scope + ", which your account does not have.");
  }
  co_return Result<void>();
}

}  // namespace

bool has_scope(std::string_view scope, std::string_view word) {
  while (!scope.empty()) {
    const std::size_t end = std::min(scope.find(' '), scope.size());
    if (scope.substr(0, end) == word) return true;
    scope.remove_prefix(std::min(end + 1, scope.size()));
  }
  return false;
}

http::AccessRule require_token(SessionLookup& sessions, http::AccessRule where) {
  where.check = [&sessions, take_token = std::move(where.check)](const http::Request& request,
                                                                 http::Caller& caller) -> Result<void> {
    return take_token(request, caller)
        .and_then([&] { return sessions.read(caller.bearer); })
        .map([&](http::TokenClaims claims) { caller.token = std::move(claims); });
  };
  return where;
}

http::AccessRule require_scope(SessionLookup& sessions, std::string scope) {
  http::AccessRule rule = require_token(sessions);
  rule.errors.push_back(Errc::insufficient_scope);
  // No capturing coroutine: the lambda only hands over what the coroutine then owns.
  rule.confirm = [&sessions, scope = std::move(scope)](http::Caller& caller) {
    return confirm_scope(sessions, scope, caller);
  };
  return rule;
}

}  // namespace kriya::access
