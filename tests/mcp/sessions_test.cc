#include "mcp/sessions.h"

#include <gtest/gtest.h>

#include "mcp/protocol.h"
#include "tests/support/fake_clock.h"

namespace kriya::mcp {
namespace {

class SessionsTest : public ::testing::Test {
 protected:
  static constexpr Sessions::Options kOptions{.most = 4, .most_of_principal = 2, .idle = std::chrono::hours(1)};

  std::string open(const std::string& subject) {
    clock_.advance(std::chrono::seconds(1));
    return sessions_
        .open({version::k2025_06_18, {{"sampling", json::object()}, {"other", 7}}}, {{"name", "c"}}, subject)
        ->id();
  }

  tests::FakeClock clock_;
  Secret master_{"the master key"};
  Sessions sessions_{master_, clock_, kOptions};
};

TEST_F(SessionsTest, ASessionIsItsPrincipalsAlone) {
  const std::string id = open("user:1");
  ASSERT_TRUE(sessions_.find(id, "user:1"));
  EXPECT_EQ(sessions_.find(id, "user:1")->client().at("name"), "c");
  EXPECT_FALSE(sessions_.find(id, "user:2"));
  EXPECT_FALSE(sessions_.end(id, "user:2"));
  EXPECT_TRUE(sessions_.find(id, "user:1"));
  EXPECT_FALSE(sessions_.find("invented", "user:1"));
}

TEST_F(SessionsTest, WhatItsClientEndedIsUnknown) {
  const std::string id = open("user:1");
  EXPECT_TRUE(sessions_.end(id, "user:1"));
  EXPECT_FALSE(sessions_.find(id, "user:1"));
  EXPECT_FALSE(sessions_.end(id, "user:1"));
}

TEST_F(SessionsTest, AnotherInstanceTakesItUpByItsId) {
  const std::string id = open("user:1");
  Sessions elsewhere(master_, clock_, kOptions);
  const auto session = elsewhere.find(id, "user:1");
  ASSERT_TRUE(session);
  EXPECT_EQ(session->version(), "2025-06-18");
  EXPECT_EQ(session->capabilities(), (json::object{{"sampling", json::object()}}));
  EXPECT_FALSE(elsewhere.find(id, "user:2"));
  EXPECT_TRUE(elsewhere.end(id, "user:1"));
  EXPECT_FALSE(elsewhere.find(id, "user:1")) << "it was ended there";
  Sessions stranger(Secret("another key"), clock_, kOptions);
  EXPECT_FALSE(stranger.find(id, "user:1"));
}

TEST_F(SessionsTest, APrincipalLosesTheOneThatWasUsedLongestAgo) {
  const std::string first = open("user:1");
  const std::string second = open("user:1");
  ASSERT_TRUE(sessions_.find(first, "user:1"));
  const std::string third = open("user:1");
  EXPECT_TRUE(sessions_.find(first, "user:1"));
  EXPECT_FALSE(sessions_.find(second, "user:1"));
  EXPECT_TRUE(sessions_.find(third, "user:1"));
}

TEST_F(SessionsTest, ThereAreNeverMoreThanTheBound) {
  const std::string first = open("user:1");
  for (const char* subject : {"user:2", "user:3", "user:4", "user:5"}) open(subject);
  EXPECT_EQ(sessions_.count(), 4u);
  EXPECT_FALSE(sessions_.find(first, "user:1"));
}

TEST_F(SessionsTest, AnIdleOneEndsUnlessSomebodyWaits) {
  const std::string idle = open("user:1");
  const std::string busy = open("user:1");
  sessions_.find(busy, "user:1")->begin(RequestId(std::int64_t{1}), std::stop_source());
  clock_.advance(std::chrono::hours(1));
  EXPECT_FALSE(sessions_.find(idle, "user:1"));
  EXPECT_TRUE(sessions_.find(busy, "user:1"));
}

TEST_F(SessionsTest, AnIdIsTooOldAfterADay) {
  const std::string id = open("user:1");
  for (int hour = 0; hour < 47; ++hour) {
    clock_.advance(std::chrono::minutes(30));
    ASSERT_TRUE(sessions_.find(id, "user:1"));
  }
  clock_.advance(std::chrono::minutes(30));
  EXPECT_FALSE(sessions_.find(id, "user:1"));
}

TEST_F(SessionsTest, CancellingARequestStopsItsWork) {
  const auto session = sessions_.open({version::k2025_11_25}, {}, "user:1");
  std::stop_source stop;
  const RequestId id(std::string("a"));
  EXPECT_TRUE(session->begin(id, stop));
  EXPECT_FALSE(session->begin(id, stop)) << "the id is in use";
  session->cancel(RequestId(std::string("b")));
  EXPECT_FALSE(stop.stop_requested());
  session->cancel(id);
  EXPECT_TRUE(stop.stop_requested());
  session->end(id);
  EXPECT_TRUE(session->begin(id, stop));
}

}  // namespace
}  // namespace kriya::mcp
