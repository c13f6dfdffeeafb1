#include "identity/token_refresh.h"

#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "identity/refresh_rules.h"
#include "tests/support/identity_services.h"

namespace kriya::identity {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::seconds;
using tests::soon;

class TokenRefreshTest : public ::testing::TestWithParam<tests::Engine> {
 protected:
  Errc refusal(std::string token) { return server_.renew(std::move(token)).error().code; }
  std::int64_t count(const char* sql) {
    return run_to_completion((*database_).run({storage::Use::scan, sql}, {}, soon()))->get<std::int64_t>(0, 0);
  }
  std::int64_t unused_tokens() { return count("SELECT count(*) FROM refresh_tokens WHERE used_at IS NULL"); }

  tests::FakeClock clock_;
  tests::TestDatabase database_{GetParam()};
  tests::IdentityServices server_{database_, clock_};
  const SignInAnswer first_ = server_.sign_in();
};

INSTANTIATE_TEST_SUITE_P(Engines, TokenRefreshTest, tests::every_engine(), tests::engine_name);

TEST_P(TokenRefreshTest, GivesANewPairOfTheSameSession) {
  clock_.advance(hours(30));
  EXPECT_FALSE(server_.tokens.read(first_.token));
  const auto next = server_.renew(*first_.refresh_token);
  ASSERT_TRUE(next);
  EXPECT_TRUE(server_.valid(next->token));
  EXPECT_NE(next->refresh_token, first_.refresh_token);
  EXPECT_EQ(next->user.id, first_.user.id);
  EXPECT_EQ(next->expires_at, clock_.now() + hours(24));
  const auto sessions = run_to_completion(server_.own_sessions.list(server_.claims(next->token), soon()));
  EXPECT_EQ(sessions->sessions.size(), 1U);
  EXPECT_EQ(unused_tokens(), 1);
}

TEST_P(TokenRefreshTest, ARepeatGetsTheSameSuccessorFromAnotherInstance) {
  tests::IdentityServices other(database_, clock_);
  const auto next = server_.renew(*first_.refresh_token);
  clock_.advance(kRefreshGrace - seconds(1));
  const auto again = other.renew(*first_.refresh_token);
  ASSERT_TRUE(next && again);
  EXPECT_EQ(again->refresh_token, next->refresh_token);
  EXPECT_TRUE(other.valid(again->token));
  EXPECT_TRUE(server_.renew(*again->refresh_token));
}

TEST_P(TokenRefreshTest, ReuseAfterTheGraceEndsTheSession) {
  const auto next = server_.renew(*first_.refresh_token);
  const SignInAnswer elsewhere = server_.sign_in();
  clock_.advance(kRefreshGrace);
  EXPECT_EQ(refusal(*first_.refresh_token), Errc::invalid_token);
  EXPECT_FALSE(server_.valid(next->token));
  EXPECT_EQ(refusal(*next->refresh_token), Errc::invalid_token);
  EXPECT_TRUE(server_.valid(elsewhere.token));
  EXPECT_EQ(count("SELECT count(*) FROM security_events WHERE kind = 'refresh_reuse'"), 1);
}

TEST_P(TokenRefreshTest, ReuseAfterTheSuccessorWasUsedEndsTheSessionAtOnce) {
  const auto second = server_.renew(*first_.refresh_token);
  const auto third = server_.renew(*second->refresh_token);
  EXPECT_EQ(refusal(*first_.refresh_token), Errc::invalid_token);
  EXPECT_FALSE(server_.valid(third->token));
  EXPECT_EQ(refusal(*third->refresh_token), Errc::invalid_token);
}

TEST_P(TokenRefreshTest, RacingRefreshesOfTwoInstancesGetTheSameSuccessor) {
  tests::IdentityServices other(database_, clock_);
  std::vector<std::thread> threads;
  std::mutex mutex;
  std::set<std::string> successors;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      const auto next = (i % 2 == 0 ? server_ : other).renew(*first_.refresh_token);
      const std::scoped_lock lock(mutex);
      ASSERT_TRUE(next) << next.error().detail;
      successors.insert(*next->refresh_token);
      EXPECT_TRUE(server_.valid(next->token));
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(successors.size(), 1U);
  EXPECT_EQ(unused_tokens(), 1);
}

TEST_P(TokenRefreshTest, IsDeadAfterThirtyDaysWithoutUse) {
  clock_.advance(days(30));
  EXPECT_EQ(refusal(*first_.refresh_token), Errc::invalid_token);
}

TEST_P(TokenRefreshTest, IsDeadAfterNinetyDaysHoweverOftenItWasUsed) {
  std::string token = *first_.refresh_token;
  for (int day = 20; day < 90; day += 20) {
    clock_.advance(days(20));
    token = *server_.renew(token)->refresh_token;
  }
  clock_.advance(days(10) - hours(1));
  const auto last = server_.renew(token);
  ASSERT_TRUE(last);
  EXPECT_EQ(last->expires_at, clock_.now() + hours(1));  // no token outlives the session
  clock_.advance(hours(1));
  EXPECT_EQ(refusal(*last->refresh_token), Errc::invalid_token);
}

TEST_P(TokenRefreshTest, IsDeadAfterALogout) {
  ASSERT_TRUE(run_to_completion(server_.validation.revoke_all(server_.claims(first_.token), soon())));
  EXPECT_EQ(refusal(*first_.refresh_token), Errc::invalid_token);
}

TEST_P(TokenRefreshTest, RefusesWhatIsNoRefreshToken) {
  EXPECT_EQ(refusal(""), Errc::invalid_token);
  EXPECT_EQ(refusal(first_.token), Errc::invalid_token);
  EXPECT_EQ(refusal(*first_.refresh_token + "="), Errc::invalid_token);
  EXPECT_EQ(refusal(std::string(43, 'A')), Errc::invalid_token);
}

TEST_P(TokenRefreshTest, KeepsNoRefreshTokenInClear) {
  const auto rows =
      run_to_completion((*database_)
                            .run({storage::Use::scan, "SELECT count(*) FROM refresh_tokens WHERE hash = $1"},
                                 {*first_.refresh_token}, soon()));
  EXPECT_EQ(rows->get<std::int64_t>(0, 0), 0);
}

}  // namespace
}  // namespace kriya::identity
