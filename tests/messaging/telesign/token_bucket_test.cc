#include "messaging/telesign/token_bucket.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace kriya::messaging::telesign {
namespace {

using namespace std::chrono_literals;

TEST(TokenBucket, GivesOneInItsTimeAndMakesTheOthersWait) {
  TokenBucket bucket(1);
  const auto now = TokenBucket::Steady::now();
  EXPECT_EQ(bucket.take(now, 0s).wait, 0s);
  EXPECT_EQ(bucket.take(now, 5s).wait, 1s);
  EXPECT_EQ(bucket.take(now, 5s).wait, 2s);
  EXPECT_EQ(bucket.take(now + 3s, 5s).wait, 0s);
}

TEST(TokenBucket, TakesNothingForWhoeverCannotWait) {
  TokenBucket bucket(1);
  const auto now = TokenBucket::Steady::now();
  EXPECT_TRUE(bucket.take(now, 0s).granted);
  for (int i = 0; i < 100; ++i) {
    const auto turn = bucket.take(now, 500ms);
    EXPECT_FALSE(turn.granted);
    EXPECT_EQ(turn.wait, 1s);
  }
  EXPECT_TRUE(bucket.take(now + 1s, 0s).granted);
}

TEST(TokenBucket, SavesLittleOverAnIdleHour) {
  TokenBucket bucket(50);
  const auto now = TokenBucket::Steady::now();
  EXPECT_TRUE(bucket.take(now, 0s).granted);
  int at_once = 0;
  while (bucket.take(now + 1h, 0s).granted) ++at_once;
  EXPECT_EQ(at_once, 5);
}

RC_GTEST_PROP(TokenBucket, NeverGivesMoreThanTheRate, (const std::vector<std::uint16_t>& pauses)) {
  constexpr int rate = 10;
  TokenBucket bucket(rate);
  auto now = TokenBucket::Steady::now();
  std::vector<TokenBucket::Steady::time_point> used;
  for (const auto pause : pauses) {
    now += std::chrono::milliseconds(pause % 300);
    const auto turn = bucket.take(now, 1s);
    if (turn.granted) used.push_back(now + turn.wait);
  }
  for (std::size_t i = 0; i + rate + 1 < used.size(); ++i) RC_ASSERT(used[i + rate + 1] - used[i] >= 1s);
}

}  // namespace
}  // namespace kriya::messaging::telesign
