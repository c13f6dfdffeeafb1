#include "identity/own_sessions.h"

#include <gtest/gtest.h>

#include "tests/support/identity_services.h"

namespace kriya::identity {
namespace {

using tests::soon;

class OwnSessionsTest : public ::testing::TestWithParam<tests::Engine> {
 protected:
  SessionList list(const SignInAnswer& who) {
    return run_to_completion(server_.own_sessions.list(server_.claims(who.token), soon())).value();
  }
  Result<LogoutAnswer> end(const SignInAnswer& who, std::string id) {
    return run_to_completion(server_.own_sessions.end(server_.claims(who.token), std::move(id), soon()));
  }

  tests::FakeClock clock_;
  tests::TestDatabase database_{GetParam()};
  tests::IdentityServices server_{database_, clock_};
};

INSTANTIATE_TEST_SUITE_P(Engines, OwnSessionsTest, tests::every_engine(), tests::engine_name);

TEST_P(OwnSessionsTest, ListsMineAndSaysWhichIsThisOne) {
  const SignInAnswer phone = server_.sign_in();
  clock_.advance(std::chrono::minutes(1));
  const SignInAnswer laptop = server_.sign_in();
  server_.sign_in("+14155550124");
  const auto sessions = list(laptop).sessions;
  ASSERT_EQ(sessions.size(), 2U);
  EXPECT_FALSE(sessions[0].current);
  EXPECT_TRUE(sessions[1].current);
  EXPECT_EQ(sessions[1].client_address, "203.0.113.7");
  EXPECT_EQ(sessions[1].user_agent, "curl");
  EXPECT_EQ(sessions[1].started_at, clock_.now());
}

TEST_P(OwnSessionsTest, EndingOneKillsItsTokensAndNoOthers) {
  const SignInAnswer phone = server_.sign_in();
  const SignInAnswer laptop = server_.sign_in();
  ASSERT_TRUE(end(laptop, *server_.claims(phone.token).session));
  EXPECT_FALSE(server_.valid(phone.token));
  EXPECT_FALSE(server_.renew(*phone.refresh_token));
  EXPECT_TRUE(server_.valid(laptop.token));
  EXPECT_EQ(list(laptop).sessions.size(), 1U);
  EXPECT_EQ(end(laptop, *server_.claims(phone.token).session).error().code, Errc::not_found);
}

TEST_P(OwnSessionsTest, AnotherPersonsSessionIsNotFound) {
  const SignInAnswer mine = server_.sign_in();
  const SignInAnswer theirs = server_.sign_in("+14155550124");
  EXPECT_EQ(end(mine, *server_.claims(theirs.token).session).error().code, Errc::not_found);
  EXPECT_TRUE(server_.valid(theirs.token));
}

TEST_P(OwnSessionsTest, DoesNotListWhatHasExpired) {
  server_.sign_in();
  clock_.advance(std::chrono::days(30));
  EXPECT_EQ(list(server_.sign_in()).sessions.size(), 1U);
}

}  // namespace
}  // namespace kriya::identity
