#include "identity/own_sessions.h"

namespace kriya::identity {

Task<Result<SessionList>> OwnSessions::list(TokenClaims claims, Deadline deadline) {
  auto owner = co_await validation_.owner(claims, deadline);
  if (!owner) co_return fail(owner.error());
  co_return co_await good_ones(*std::move(owner), std::move(claims.session).value_or(std::string()), deadline);
}

Task<Result<SessionList>> OwnSessions::list_of(Uuid user_id, std::string current, Deadline deadline) {
  auto owner = co_await accounts_.find_by_id(user_id, deadline);
  if (!owner) co_return fail(owner.error());
  if (!*owner) co_return fail(Errc::not_found, "There is no such person any more.");
  co_return co_await good_ones(**std::move(owner), std::move(current), deadline);
}

Task<Result<SessionList>> OwnSessions::good_ones(User owner, std::string current, Deadline deadline) {
  const auto sessions = co_await sessions_.of_user(owner.id, deadline);
  if (!sessions) co_return fail(sessions.error());
  SessionList answer;
  for (const Session& session : *sessions) {
    if (!lives(session, owner.token_version, clock_.now())) continue;
    answer.sessions.push_back({.id = session.id,
                               .current = session.id == current,
                               .started_at = session.started_at,
                               .last_seen_at = session.last_seen_at,
                               .expires_at = session.expires_at,
                               .client_address = session.client_address,
                               .user_agent = session.user_agent});
  }
  co_return answer;
}

Task<Result<LogoutAnswer>> OwnSessions::end(TokenClaims claims, std::string id, Deadline deadline) {
  const auto owner = co_await validation_.owner(std::move(claims), deadline);
  if (!owner) co_return fail(owner.error());
  const auto ended = co_await sessions_.end(std::move(id), owner->id, clock_.now(), deadline);
  if (!ended) co_return fail(ended.error());
  if (!*ended) co_return fail(Errc::not_found, "You have no such session, or it was ended.");
  co_return LogoutAnswer{true, "Session ended"};
}

}  // namespace kriya::identity
