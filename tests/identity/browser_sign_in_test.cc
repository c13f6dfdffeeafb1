#include "identity/browser_sign_in.h"

#include <gtest/gtest.h>

#include "tests/support/identity_services.h"

namespace kriya::identity {
namespace {

using http::WithHeaders;
using tests::soon;

class BrowserSignInTest : public ::testing::TestWithParam<tests::Engine> {
 protected:
  /// A browser: it has the cookie that it was given last.
  struct Browser {
    std::string cookie = {};
    bool loopback = true;
  };

  /// The caller of a request with the browser's cookie, as the access rules leave it.
  http::Caller caller(const Browser& browser) {
    http::Request request;
    request.set_start("GET", "/api/status", 1);
    request.add_header("Cookie", browser.cookie);
    http::Caller caller = server_.caller();
    caller.loopback = caller.local = browser.loopback;
    caller.browser = server_.browsers.gate().cookies.read(request, clock_.now());
    return caller;
  }

  template <class T>
  Result<T> keep(Browser& browser, Result<WithHeaders<T>> answer) {
    if (!answer) return fail(answer.error());
    const std::string& set = answer->headers.at(0).second;
    EXPECT_EQ(answer->headers.at(0).first, "Set-Cookie");
    browser.cookie = set.substr(0, set.find(';'));
    return answer->body;
  }
  StatusAnswer status(Browser& browser) {
    return keep(browser, run_to_completion(server_.browsers.status(caller(browser)))).value();
  }
  StatusAnswer status_in_production(Browser& browser) {
    return keep(browser, run_to_completion(server_.production_browsers.status(caller(browser)))).value();
  }
  Result<BrowserSignInAnswer> sign_in(Browser& browser, std::string code = tests::FakeVerification::kCode,
                                      const char* phone = "+14155550123") {
    const auto begun = run_to_completion(server_.registration.begin(server_.request(phone), server_.caller())).value();
    CodeRequest request{std::get<VerificationStarted>(begun).verification.id, std::move(code)};
    return keep(browser, run_to_completion(server_.browsers.sign_in(std::move(request), caller(browser))));
  }
  Result<http::Principal> principal(const Browser& browser) {
    return run_to_completion(server_.browsers.principal(caller(browser)));
  }
  Session row(const Browser& browser) {
    return run_to_completion(server_.sessions.find(caller(browser).browser->sid, soon())).value()->session;
  }

  tests::FakeClock clock_;
  tests::TestDatabase database_{GetParam()};
  tests::IdentityServices server_{database_, clock_};
  Browser browser_;
};

INSTANTIATE_TEST_SUITE_P(Engines, BrowserSignInTest, tests::every_engine(), tests::engine_name);

TEST_P(BrowserSignInTest, AVisitorKeepsSessionAndCsrfToken) {
  const StatusAnswer first = status_in_production(browser_);
  EXPECT_EQ(first.status, "ok");
  EXPECT_FALSE(first.authenticated);
  EXPECT_EQ(first.token, std::nullopt);
  const std::string sid = caller(browser_).browser->sid;
  clock_.advance(std::chrono::minutes(59));
  EXPECT_EQ(status_in_production(browser_).csrf_token, first.csrf_token);
  EXPECT_EQ(caller(browser_).browser->sid, sid);
  clock_.advance(std::chrono::minutes(59));
  EXPECT_TRUE(caller(browser_).browser) << "the cookie was renewed";
  clock_.advance(std::chrono::minutes(2));
  EXPECT_NE(status_in_production(browser_).csrf_token, first.csrf_token);
}

TEST_P(BrowserSignInTest, AVisitorIsTheDemoOnlyInDevelopmentOnThisMachine) {
  const StatusAnswer here = status(browser_);
  EXPECT_TRUE(here.authenticated);
  EXPECT_EQ(here.token, "demo-token");
  const auto demo = principal(browser_).value();
  EXPECT_TRUE(demo.demo);
  EXPECT_EQ(demo.subject(), "client:test-client");
  EXPECT_EQ(demo.session, caller(browser_).browser->sid);

  browser_.loopback = false;
  EXPECT_FALSE(status(browser_).authenticated);
  EXPECT_EQ(status(browser_).token, std::nullopt);
  EXPECT_EQ(principal(browser_).error().code, Errc::missing_csrf_token);
  browser_.loopback = true;
  EXPECT_EQ(run_to_completion(server_.production_browsers.principal(caller(browser_))).error().code,
            Errc::missing_csrf_token);
}

TEST_P(BrowserSignInTest, SigningInBeginsASessionThatIsNew) {
  const std::string csrf = status(browser_).csrf_token;
  const std::string sid = caller(browser_).browser->sid;
  const auto answer = sign_in(browser_).value();
  EXPECT_TRUE(answer.authenticated);
  EXPECT_NE(answer.csrf_token, csrf);
  EXPECT_EQ(answer.user.phone_number, "+14155550123");
  EXPECT_EQ(answer.expires_at, clock_.now() + std::chrono::hours(1));
  EXPECT_NE(caller(browser_).browser->sid, sid);
  EXPECT_EQ(row(browser_).proven_at, clock_.now());
  EXPECT_FALSE(run_to_completion(server_.sessions.find(sid, soon())).value());
  const auto who = principal(browser_).value();
  EXPECT_EQ(who.user_id, answer.user.id);
  EXPECT_EQ(who.session, caller(browser_).browser->sid);
  EXPECT_FALSE(who.demo);
  EXPECT_EQ(status_in_production(browser_).csrf_token, answer.csrf_token);
  EXPECT_TRUE(status_in_production(browser_).authenticated);
  EXPECT_EQ(status_in_production(browser_).token, std::nullopt);
}

TEST_P(BrowserSignInTest, NeitherTokensNorRefreshTokensAreStored) {
  const auto answer = sign_in(browser_).value();
  EXPECT_TRUE(run_to_completion(server_.accounts.tokens_of(answer.user.id, soon())).value().empty());
  constexpr storage::Statement kCount{storage::Use::scan, "SELECT count(*) FROM refresh_tokens"};
  EXPECT_EQ(run_to_completion((*database_).run(kCount, {}, soon()))->get<std::int64_t>(0, 0), 0);
}

TEST_P(BrowserSignInTest, AWrongCodeLeavesTheVisitor) {
  status(browser_);
  const Browser before = browser_;
  EXPECT_EQ(sign_in(browser_, "000000").error().code, Errc::invalid_code);
  EXPECT_EQ(browser_.cookie, before.cookie);
  EXPECT_TRUE(principal(browser_)->demo);
}

TEST_P(BrowserSignInTest, SigningInAgainEndsTheFormerSession) {
  sign_in(browser_).value();
  const Browser former = browser_;
  sign_in(browser_, tests::FakeVerification::kCode, "+14155550124").value();
  EXPECT_EQ(principal(former).error().code, Errc::missing_csrf_token);
  EXPECT_EQ(row(former).ended_at, clock_.now());
  EXPECT_TRUE(principal(browser_));
}

TEST_P(BrowserSignInTest, AnotherBrowserStaysSignedIn) {
  sign_in(browser_).value();
  Browser other;
  sign_in(other).value();
  EXPECT_TRUE(principal(browser_));
  EXPECT_TRUE(principal(other));
}

TEST_P(BrowserSignInTest, AskingForTheStatusProlongsTheRowNowAndThen) {
  const auto answer = sign_in(browser_).value();
  clock_.advance(std::chrono::minutes(4));
  status(browser_);
  EXPECT_EQ(row(browser_).expires_at, answer.expires_at);
  clock_.advance(std::chrono::minutes(1));
  status(browser_);
  EXPECT_EQ(row(browser_).expires_at, clock_.now() + std::chrono::hours(1));
  EXPECT_EQ(row(browser_).last_seen_at, clock_.now());
  clock_.advance(std::chrono::hours(1));
  EXPECT_FALSE(caller(browser_).browser);
}

TEST_P(BrowserSignInTest, NoSessionIsProlongedPastItsLife) {
  const auto answer = sign_in(browser_).value();
  const Timestamp end = row(browser_).started_at + std::chrono::days(90);
  constexpr storage::Statement kAge{storage::Use::write, "UPDATE sessions SET expires_at = $1"};
  ASSERT_TRUE(run_to_completion((*database_).run(kAge, {end - std::chrono::minutes(20)}, soon())));
  clock_.advance(std::chrono::days(90) - std::chrono::minutes(30));
  // As a browser that asked all that time would have it.
  const std::string set = server_.browsers.gate().cookies.set(
      {.sid = run_to_completion(server_.sessions.of_user(answer.user.id, soon())).value().at(0).id,
       .person = true,
       .expires_at = clock_.now() + std::chrono::hours(1)});
  browser_.cookie = set.substr(0, set.find(';'));
  EXPECT_TRUE(status_in_production(browser_).authenticated);
  EXPECT_EQ(row(browser_).expires_at, end);
  clock_.advance(std::chrono::minutes(30));
  EXPECT_FALSE(status_in_production(browser_).authenticated);
}

TEST_P(BrowserSignInTest, SigningOutEndsTheRow) {
  const auto answer = sign_in(browser_).value();
  const Browser stolen = browser_;
  const auto out = keep(browser_, run_to_completion(server_.browsers.sign_out(caller(browser_)))).value();
  EXPECT_EQ(out.message, "Signed out");
  EXPECT_EQ(browser_.cookie, "auth_token=");
  EXPECT_EQ(principal(stolen).error().code, Errc::missing_csrf_token);
  Browser again = stolen;
  EXPECT_NE(status_in_production(again).csrf_token, answer.csrf_token) << "an ended session becomes no visitor's";
  Browser visitor;
  status(visitor);
  EXPECT_TRUE(run_to_completion(server_.browsers.sign_out(caller(visitor))));
}

TEST_P(BrowserSignInTest, LoggingOutEverywhereEndsItOnAnotherInstance) {
  sign_in(browser_).value();
  const SignInAnswer phone = server_.sign_in();
  tests::IdentityServices other(database_, clock_);
  ASSERT_TRUE(run_to_completion(other.validation.revoke_all(other.claims(phone.token), soon())));
  EXPECT_EQ(principal(browser_).error().code, Errc::missing_csrf_token);
  EXPECT_FALSE(status_in_production(browser_).authenticated);
}

TEST_P(BrowserSignInTest, IsAmongTheOwnersSessionsAndEndsAsOneOfThem) {
  sign_in(browser_).value();
  const SignInAnswer phone = server_.sign_in();
  const std::string sid = caller(browser_).browser->sid;
  const auto list = run_to_completion(server_.own_sessions.list(server_.claims(phone.token), soon())).value();
  EXPECT_EQ(list.sessions.size(), 2U);
  EXPECT_TRUE(std::ranges::any_of(list.sessions, [&](const SessionBody& one) { return one.id == sid; }));
  ASSERT_TRUE(run_to_completion(server_.own_sessions.end(server_.claims(phone.token), sid, soon())));
  EXPECT_EQ(principal(browser_).error().code, Errc::missing_csrf_token);
}

TEST_P(BrowserSignInTest, DevelopmentShowsAUserTokenThatDiesWithTheSession) {
  const auto answer = sign_in(browser_).value();
  const std::string token = status(browser_).token.value();
  EXPECT_TRUE(server_.valid(token));
  EXPECT_EQ(server_.claims(token).session, caller(browser_).browser->sid);
  EXPECT_EQ(run_to_completion(server_.accounts.tokens_of(answer.user.id, soon())).value().size(), 1U);
  ASSERT_TRUE(run_to_completion(server_.browsers.sign_out(caller(browser_))));
  EXPECT_FALSE(server_.valid(token));
}

}  // namespace
}  // namespace kriya::identity
