#include "verification/guess_rules.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace kriya::verification {
namespace {

using std::chrono::seconds;

TEST(GuessRules, NineFailuresCostNoWaitAndTheTenthThirtySeconds) {
  EXPECT_EQ(wait_after(0), seconds(0));
  EXPECT_EQ(wait_after(9), seconds(0));
  EXPECT_EQ(wait_after(10), seconds(30));
}

TEST(GuessRules, TheWaitDoublesUpToAnHour) {
  EXPECT_EQ(wait_after(11), seconds(60));
  EXPECT_EQ(wait_after(16), seconds(1920));
  EXPECT_EQ(wait_after(17), seconds(3600));
  EXPECT_EQ(wait_after(99), seconds(3600));
}

TEST(GuessRules, TheEndsAreThoseOfTheFirstWaitsAndTheLastOfThemIsTheLongest) {
  const Timestamp now = Timestamp::from_seconds(1'000'000);
  const auto ends = ends_of_waits(now);
  EXPECT_EQ(ends.front(), now + seconds(30));
  EXPECT_EQ(ends.back(), now + wait_after(kDisabledAt));
}

RC_GTEST_PROP(GuessRules, MoreFailuresNeverWaitLess, ()) {
  const auto failures = *rc::gen::inRange<std::int64_t>(0, 1000);
  RC_ASSERT(wait_after(failures + 1) >= wait_after(failures));
}

TEST(GuessRules, RetryAfterIsRoundedUpAndNeverZero) {
  const Timestamp now = Timestamp::from_seconds(100);
  EXPECT_EQ(seconds_until(now + std::chrono::milliseconds(1500), now), seconds(2));
  EXPECT_EQ(seconds_until(now, now), seconds(1));
}

}  // namespace
}  // namespace kriya::verification
