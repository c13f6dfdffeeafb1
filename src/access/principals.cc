#include "access/principals.h"

namespace kriya::access {
namespace {

Task<Result<void>> recognise(Principals& principals, http::Caller& caller) {
  auto principal = co_await principals.of_bearer(caller.bearer, caller.deadline);
  if (!principal) co_return fail(std::move(principal.error()));
  caller.principal = *std::move(principal);
  co_return Result<void>();
}

}  // namespace

http::AccessRule require_principal(Principals& principals) {
  http::AccessRule rule = bearer_token();
  rule.confirm = [&principals](http::Caller& caller) { return recognise(principals, caller); };
  return rule;
}

}  // namespace kriya::access
