#include "identity/browser_sign_in.h"

#include "crypto/random.h"

namespace kriya::identity {
namespace {

// A page asks for the status as often as it likes; its session's row is written once in so long.
constexpr std::chrono::minutes kBetweenRenewals{5};

constexpr std::string_view kSetCookie = "Set-Cookie";

}  // namespace

BrowserSignIn::BrowserSignIn(access::BrowserGate gate, Rules rules, Registration& registration, AccountStore& accounts,
                             SessionStore& sessions, const SignInIssuer& issuer, const Clock& clock)
    : gate_(std::move(gate)),
      rules_(std::move(rules)),
      registration_(registration),
      accounts_(accounts),
      sessions_(sessions),
      issuer_(issuer),
      clock_(clock) {}

Task<Result<http::Principal>> BrowserSignIn::principal(http::Caller caller) {
  auto held = co_await person(caller.browser, caller.deadline);
  if (!held) co_return fail(std::move(held.error()));
  if (*held) {
    const User& user = (*held)->user;
    co_return http::Principal{
        .user_id = user.id, .session = caller.browser->sid, .scope = user.scope.value_or(std::string())};
  }
  if (caller.browser && !caller.browser->person && is_demo(caller)) {
    co_return http::Principal{.client_id = "test-client", .session = caller.browser->sid, .demo = true};
  }
  co_return fail(Errc::missing_csrf_token, "Nobody is signed in here; prove a phone and send POST /api/session.");
}

Task<Result<http::WithHeaders<StatusAnswer>>> BrowserSignIn::status(http::Caller caller) {
  auto held = co_await person(caller.browser, caller.deadline);
  if (!held) co_return fail(std::move(held.error()));
  const bool signed_in = held->has_value();
  if (signed_in) {
    auto prolonged = co_await prolong(**held, caller);
    if (!prolonged) co_return fail(std::move(prolonged.error()));
  }
  // A person's session that has ended must not become a visitor's of the same sid.
  const bool kept = caller.browser && caller.browser->person == signed_in;
  const auto session = fresh_cookie(kept ? caller.browser->sid : crypto::random_token(), signed_in);
  auto shown = co_await token(*std::move(held), caller);
  if (!shown) co_return fail(std::move(shown.error()));
  co_return http::WithHeaders<StatusAnswer>{.body = {.status = "ok",
                                                     .token = *std::move(shown),
                                                     .authenticated = signed_in || is_demo(caller),
                                                     .csrf_token = gate_.cookies.csrf_token(session.sid)},
                                            .headers = {{kSetCookie, gate_.cookies.set(session)}}};
}

Task<Result<http::WithHeaders<BrowserSignInAnswer>>> BrowserSignIn::sign_in(CodeRequest request, http::Caller caller) {
  std::optional<std::string> before;
  if (caller.browser && caller.browser->person) before = caller.browser->sid;
  const auto held = co_await registration_.verify_in_browser(std::move(request), gate_.cookies.life(),
                                                             std::move(before), std::move(caller));
  if (!held) co_return fail(held.error());
  const std::string& sid = held->session.id;
  co_return http::WithHeaders<BrowserSignInAnswer>{
      .body = {.status = "ok",
               .authenticated = true,
               .csrf_token = gate_.cookies.csrf_token(sid),
               .user = to_body(held->user),
               .expires_at = held->session.expires_at},
      .headers = {{kSetCookie, gate_.cookies.set(fresh_cookie(sid, true))}}};
}

Task<Result<http::WithHeaders<LogoutAnswer>>> BrowserSignIn::sign_out(http::Caller caller) {
  if (caller.browser && caller.browser->person) {
    // False means that it has ended already, which is as wished.
    const auto ended = co_await sessions_.sign_out(caller.browser->sid, clock_.now(), caller.deadline);
    if (!ended) co_return fail(ended.error());
  }
  co_return http::WithHeaders<LogoutAnswer>{.body = {true, "Signed out"},
                                            .headers = {{kSetCookie, gate_.cookies.remove()}}};
}

/// The session and its owner, if it is a person's and still lives.
Task<Result<std::optional<HeldSession>>> BrowserSignIn::person(std::optional<http::BrowserSession> browser,
                                                               Deadline deadline) {
  if (!browser || !browser->person) co_return std::nullopt;
  auto held = co_await sessions_.find(std::move(browser->sid), deadline);
  if (!held) co_return fail(std::move(held.error()));
  if (!*held || !lives((*held)->session, (*held)->user.token_version, clock_.now())) co_return std::nullopt;
  co_return **std::move(held);
}

Task<Result<void>> BrowserSignIn::prolong(HeldSession& held, const http::Caller& caller) {
  Session& session = held.session;
  const Timestamp until = issuer_.renewed_until(session, gate_.cookies.life());
  if (until < session.expires_at + kBetweenRenewals) co_return Result<void>();
  session.expires_at = until;
  co_return co_await sessions_.prolong(session.id, clock_.now(), until, caller.deadline);
}

/// The access token that development shows.
Task<Result<std::optional<std::string>>> BrowserSignIn::token(std::optional<HeldSession> held, http::Caller caller) {
  if (!rules_.development) co_return std::nullopt;
  if (!held) {
    if (!is_demo(caller) || !rules_.demo_token) co_return std::nullopt;
    co_return rules_.demo_token();
  }
  IssuedToken issued = issuer_.browser_token(held->user, held->session, caller);
  auto recorded = co_await accounts_.record_token(std::move(issued.record), caller.deadline);
  if (!recorded) co_return fail(std::move(recorded.error()));
  co_return std::move(issued.jwt);
}

http::BrowserSession BrowserSignIn::fresh_cookie(std::string sid, bool person) const {
  return {.sid = std::move(sid), .person = person, .expires_at = clock_.now() + gate_.cookies.life()};
}

}  // namespace kriya::identity
