#include "identity/session_store.h"

#include <gtest/gtest.h>

#include "tests/support/identity_services.h"

namespace kriya::identity {
namespace {

using tests::soon;

class SessionStoreTest : public ::testing::TestWithParam<tests::Engine> {
 protected:
  SessionStore& store() { return server_.sessions; }
  std::optional<HeldSession> find(const std::string& id) { return run_to_completion(store().find(id, soon())).value(); }
  bool rotate(const std::string& spent, const std::string& child) {
    Rotation rotation{.spent = spent,
                      .child = {.hash = child,
                                .session_id = session_,
                                .issued_at = clock_.now(),
                                .expires_at = clock_.now() + std::chrono::hours(5),
                                .used_at = {}},
                      .access_token = server_.tokens.issue(find(session_)->user, session_, clock_.now()).record,
                      .now = clock_.now(),
                      .session_expires_at = clock_.now() + std::chrono::hours(5)};
    return run_to_completion(store().rotate(std::move(rotation), soon())).value();
  }
  std::optional<HeldRefreshToken> find_refresh(const std::string& hash) {
    return run_to_completion(store().find_refresh_token(hash, soon())).value();
  }
  std::int64_t reuse_events() {
    constexpr storage::Statement kCount{storage::Use::scan,
                                        "SELECT count(*) FROM security_events WHERE kind = 'refresh_reuse'"};
    return run_to_completion((*database_).run(kCount, {}, soon()))->get<std::int64_t>(0, 0);
  }

  tests::FakeClock clock_;
  tests::TestDatabase database_{GetParam()};
  tests::IdentityServices server_{database_, clock_};
  const SignInAnswer signed_in_ = server_.sign_in();
  const std::string session_ = *server_.claims(signed_in_.token).session;
  const Uuid user_ = signed_in_.user.id;
  const std::string refresh_ = *SignInIssuer::hash_of(*signed_in_.refresh_token);
};

INSTANTIATE_TEST_SUITE_P(Engines, SessionStoreTest, tests::every_engine(), tests::engine_name);

TEST_P(SessionStoreTest, FindsASessionWithItsUser) {
  const auto held = find(session_);
  ASSERT_TRUE(held);
  EXPECT_EQ(held->user.phone_number, "+14155550123");
  EXPECT_EQ(held->session.user_id, user_);
  EXPECT_EQ(held->session.proven_at, clock_.now());
  EXPECT_EQ(held->session.client_address, "203.0.113.7");
  EXPECT_EQ(held->session.ended_at, std::nullopt);
  EXPECT_FALSE(find("another"));
}

TEST_P(SessionStoreTest, SpendsATokenOnceAndProlongsItsSession) {
  clock_.advance(std::chrono::hours(1));
  EXPECT_TRUE(rotate(refresh_, "child"));
  EXPECT_EQ(find_refresh(refresh_)->token.used_at, clock_.now());
  EXPECT_EQ(find_refresh("child")->token.used_at, std::nullopt);
  EXPECT_EQ(find_refresh("child")->session.id, session_);
  EXPECT_EQ(find(session_)->session.last_seen_at, clock_.now());
  EXPECT_EQ(find(session_)->session.expires_at, clock_.now() + std::chrono::hours(5));
  clock_.advance(std::chrono::seconds(1));
  EXPECT_FALSE(rotate(refresh_, "other-child"));
  EXPECT_FALSE(find_refresh("other-child"));
}

TEST_P(SessionStoreTest, EndsOnlyTheUsersOwnSessionAndOnce) {
  EXPECT_FALSE(run_to_completion(store().end(session_, Uuid(), clock_.now(), soon())).value());
  EXPECT_TRUE(run_to_completion(store().end(session_, user_, clock_.now(), soon())).value());
  EXPECT_FALSE(run_to_completion(store().end(session_, user_, clock_.now(), soon())).value());
  EXPECT_EQ(find(session_)->session.ended_at, clock_.now());
  EXPECT_FALSE(run_to_completion(store().prove(session_, user_, clock_.now(), soon())).value());
}

TEST_P(SessionStoreTest, WritesTheReuseOfATokenDownOnce) {
  const Session session = find(session_)->session;
  for (std::uint8_t n = 1; n < 3; ++n) {
    ASSERT_TRUE(run_to_completion(
        store().end_for_reuse(session, "203.0.113.9", Uuid::v7(clock_.now(), {n}), clock_.now(), soon())));
  }
  EXPECT_EQ(find(session_)->session.ended_at, clock_.now());
  EXPECT_EQ(reuse_events(), 1);
}

TEST_P(SessionStoreTest, SweepsWhatHasExpiredWithItsRefreshTokens) {
  server_.sign_in();
  const Timestamp end = find(session_)->session.expires_at;
  ASSERT_TRUE(run_to_completion(store().end(session_, user_, clock_.now(), soon())).value());
  EXPECT_EQ(run_to_completion(store().sweep(end, 10, soon())).value(), 0);  // ended, but its tokens may be good
  const Timestamp after = end + std::chrono::microseconds(1);
  EXPECT_EQ(run_to_completion(store().sweep(after, 1, soon())).value(), 1);
  EXPECT_EQ(run_to_completion(store().sweep(after, 10, soon())).value(), 1);
  EXPECT_FALSE(find(session_));
  EXPECT_FALSE(find_refresh(refresh_));
}

}  // namespace
}  // namespace kriya::identity
