#include "verification/pumping_budget.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "verification/send_limits.h"

namespace kriya::verification {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

const Timestamp kNow = *parse_rfc3339("2026-11-21T09:30:00Z");
const std::int64_t kHour = hour_of(kNow);

TEST(PumpingBudget, AFewUnansweredCodesAreNothing) {
  EXPECT_THAT(overdrawn({{{kHour, 3, 0}}, {{kHour, 3, 0}}, 1}, kNow), IsEmpty());
}

TEST(PumpingBudget, ACountryWithoutAnswersIsNoticedFromTheFourthInAnHour) {
  EXPECT_THAT(overdrawn({{{kHour, 4, 0}}, {}, 0}, kNow), ElementsAre("country_hour"));
}

TEST(PumpingBudget, WhatComesBackPaysForMore) {
  EXPECT_THAT(overdrawn({{{kHour, 120, 100}}, {}, 0}, kNow), IsEmpty());  // 20 of 100 may stay open
  EXPECT_THAT(overdrawn({{{kHour, 122, 100}}, {}, 0}, kNow), ElementsAre("country_hour"));
}

TEST(PumpingBudget, AGoodDayWithinTwoWeeksPaysToo) {
  const HourTally good{kHour - 24 * 10, 1000, 1000};
  EXPECT_THAT(overdrawn({{good, {kHour, 33, 0}}, {}, 0}, kNow), IsEmpty());  // a sixth of 1000, and 20 % of that
  const HourTally too_old{kHour - 24 * 14, 1000, 1000};
  EXPECT_THAT(overdrawn({{too_old, {kHour, 33, 0}}, {}, 0}, kNow), Contains("country_hour"));
}

TEST(PumpingBudget, SlowPumpingIsNoticedByTheDay) {
  std::vector<HourTally> drip;
  for (std::int64_t i = 0; i < 20; ++i) drip.push_back({kHour - i, 2, 0});
  EXPECT_THAT(overdrawn({drip, {}, 0}, kNow), ElementsAre("country_day"));
  EXPECT_THAT(overdrawn({{}, drip, 0}, kNow), ElementsAre("address_day"));
}

TEST(PumpingBudget, AnAddressHasItsOwnBudget) {
  EXPECT_THAT(overdrawn({{}, {{kHour, 6, 0}}, 0}, kNow), ElementsAre("address_hour"));
}

TEST(PumpingBudget, NobodySignsInFromFourCountriesAtOnce) {
  EXPECT_THAT(overdrawn({{}, {}, 4}, kNow), ElementsAre("address_countries"));
  EXPECT_THAT(overdrawn({{}, {}, 3}, kNow), IsEmpty());
}

TEST(PumpingBudget, TheHourSlides) {
  // Half past: half of the hour before still counts.
  EXPECT_THAT(overdrawn({{{kHour - 1, 8, 0}}, {}, 0}, kNow), ElementsAre("country_hour"));
  EXPECT_THAT(overdrawn({{{kHour - 1, 6, 0}}, {}, 0}, kNow), IsEmpty());
}

RC_GTEST_PROP(PumpingBudget, AnAnswerNeverRaisesAWarning, ()) {
  const auto sent = *rc::gen::inRange<std::int64_t>(1, 200);
  const auto verified = *rc::gen::inRange<std::int64_t>(0, sent);
  const auto before = overdrawn({{{kHour, sent, verified}}, {{kHour, sent, verified}}, 0}, kNow);
  const auto after = overdrawn({{{kHour, sent, verified + 1}}, {{kHour, sent, verified + 1}}, 0}, kNow);
  for (const auto& warning : after) RC_ASSERT(std::ranges::find(before, warning) != before.end());
}

}  // namespace
}  // namespace kriya::verification
