#include "verification/send_limits.h"

#include <algorithm>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace kriya::verification {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

const Timestamp kStart = *parse_rfc3339("2026-11-21T09:30:00Z");
const SendLimits kLimits;

TEST(SendLimits, TheCoolDownGrowsWithEverySendOfTheHour) {
  std::vector<Timestamp> sent;
  Timestamp now = kStart;
  for (const seconds wait : {seconds(30), seconds(60), seconds(120), seconds(300)}) {
    sent.insert(sent.begin(), now);
    EXPECT_EQ(next_send_at(kLimits, sent, now), now + wait);
    EXPECT_TRUE(refusal(kLimits, {sent, {}, 0}, now + wait - seconds(1)));
    now = now + wait;
    EXPECT_FALSE(refusal(kLimits, {sent, {}, 0}, now));
  }
}

TEST(SendLimits, NamesTheLimitThatHoldsLongest) {
  SeenSends seen;
  for (int i = 0; i < 5; ++i) seen.to_phone.push_back(kStart - std::chrono::minutes(i * 10));
  const auto refused = refusal(kLimits, seen, kStart).value();
  EXPECT_EQ(refused.limit, SendLimit::phone_hour);
  EXPECT_EQ(refused.again_at, kStart + std::chrono::minutes(20));
  EXPECT_EQ(as_error(refused, kStart).retry_after, seconds(1200));
}

TEST(SendLimits, HoldsForAnAddressAndForEverybodyToo) {
  EXPECT_EQ(refusal(kLimits, {{}, std::vector<Timestamp>(20, kStart), 0}, kStart)->limit, SendLimit::address_hour);
  EXPECT_EQ(refusal(kLimits, {{}, {}, kLimits.codes_per_day}, kStart)->limit, SendLimit::all_day);
}

// Somebody who asks at random moments, and at every moment that an answer names.
RC_GTEST_PROP(SendLimits, NoHourAndNoDayEverHoldsMoreThanItMay, ()) {
  const auto gaps = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 4000));
  std::vector<Timestamp> sent;  // newest first
  Timestamp now = kStart;
  for (const int gap : gaps) {
    now = now + seconds(gap);
    auto refused = refusal(kLimits, {sent, {}, 0}, now);
    if (refused) {
      RC_ASSERT(refused->again_at > now);
      if (gap % 2 == 0) {  // waits as told: then it must be let through
        now = refused->again_at;
        refused = refusal(kLimits, {sent, {}, 0}, now);
        RC_ASSERT(!refused);
      }
    }
    if (!refused) sent.insert(sent.begin(), now);
  }
  for (std::size_t i = 0; i + 5 < sent.size(); ++i) RC_ASSERT(sent[i + 5] + hours(1) <= sent[i]);
  for (std::size_t i = 0; i + 10 < sent.size(); ++i) RC_ASSERT(sent[i + 10] + hours(24) <= sent[i]);
  for (std::size_t i = 0; i + 1 < sent.size(); ++i) RC_ASSERT(sent[i + 1] + seconds(30) <= sent[i]);
}

}  // namespace
}  // namespace kriya::verification
