#include "identity/token_refresh.h"

#include "crypto/random.h"
#include "identity/refresh_rules.h"

namespace kriya::identity {
namespace {

telemetry::Counter& count(telemetry::Metrics& metrics, const char* outcome) {
  return metrics.counter("kriya_token_refreshes_total", "Refresh tokens presented, by outcome.",
                         {{"outcome", outcome}});
}

tl::unexpected<Error> not_good() {
  return fail(Errc::invalid_token, "The refresh token is invalid, expired or was used before; sign in again.");
}

}  // namespace

TokenRefresh::TokenRefresh(SessionStore& sessions, const SignInIssuer& issuer, const Clock& clock,
                           telemetry::Metrics& metrics)
    : sessions_(sessions),
      issuer_(issuer),
      clock_(clock),
      rotated_(count(metrics, "rotated")),
      repeated_(count(metrics, "repeated")),
      reused_(count(metrics, "reused")),
      refused_(count(metrics, "refused")) {}

Task<Result<SignInAnswer>> TokenRefresh::refresh(std::string refresh_token, http::Caller caller) {
  const auto hash = SignInIssuer::hash_of(refresh_token);
  if (!hash) {
    refused_.add();
    co_return not_good();
  }
  for (;;) {
    const auto found = co_await sessions_.find_refresh_token(*hash, caller.deadline);
    if (!found) co_return fail(found.error());
    if (!*found) {
      refused_.add();
      co_return not_good();
    }
    const HeldRefreshToken& held = **found;
    IssuedSignIn next = issuer_.next(held.user, held.session, refresh_token, caller);
    const auto child = co_await stored_child(held.token, next, caller.deadline);
    if (!child) co_return fail(child.error());

    switch (judge_refresh(held.token, *child, held.session, held.user.token_version, clock_.now())) {
      case RefreshVerdict::rotate: {
        const auto won = co_await rotate(*hash, next, caller.deadline);
        if (!won) co_return fail(won.error());
        if (!*won) continue;  // somebody spent it just now: look again, most likely for a repeat
        rotated_.add();
        co_return issuer_.answer("Token refreshed", held.user, std::move(next));
      }
      case RefreshVerdict::repeat: {
        // Spending it once more changes nothing but the audit trail.
        const auto recorded = co_await rotate(*hash, next, caller.deadline);
        if (!recorded) co_return fail(recorded.error());
        repeated_.add();
        co_return issuer_.answer("Token refreshed", held.user, std::move(next));
      }
      case RefreshVerdict::reuse: {
        const Timestamp now = clock_.now();
        const auto ended =
            co_await sessions_.end_for_reuse(held.session, caller.address, crypto::new_uuid(now), now, caller.deadline);
        if (!ended) co_return fail(ended.error());
        reused_.add();
        co_return not_good();
      }
      case RefreshVerdict::refuse:
        refused_.add();
        co_return not_good();
    }
  }
}

Task<Result<std::optional<RefreshToken>>> TokenRefresh::stored_child(const RefreshToken& parent,
                                                                     const IssuedSignIn& next, Deadline deadline) {
  if (!parent.used_at) co_return std::nullopt;
  const auto found = co_await sessions_.find_refresh_token(next.rows.refresh->hash, deadline);
  if (!found) co_return fail(found.error());
  if (!*found) co_return std::nullopt;
  co_return (*found)->token;
}

Task<Result<bool>> TokenRefresh::rotate(const std::string& spent, const IssuedSignIn& next, Deadline deadline) {
  const auto rotated = co_await sessions_.rotate({.spent = spent,
                                                  .child = *next.rows.refresh,
                                                  .access_token = *next.rows.token,
                                                  .now = next.rows.session.last_seen_at,
                                                  .session_expires_at = next.rows.session.expires_at},
                                                 deadline);
  if (rotated || rotated.error().code != Errc::conflict) co_return rotated;
  refused_.add();  // the user was deleted at this moment
  co_return not_good();
}

}  // namespace kriya::identity
