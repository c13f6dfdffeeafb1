#include "storage/ephemeral/gcra.h"

#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace kriya::storage::ephemeral {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

const Timestamp kStart = *parse_rfc3339("2026-11-21T09:30:00Z");

Rate any_rate() {
  return {.requests = *rc::gen::inRange<std::int64_t>(1, 3000), .window = milliseconds(*rc::gen::inRange(1, 100'000))};
}

std::int64_t step_of(Rate rate) {  // microseconds
  return (microseconds(rate.window).count() + rate.requests - 1) / rate.requests;
}

/// Pauses between requests: none, about a step, or a good part of the window.
microseconds any_pause(Rate rate) {
  return microseconds(*rc::gen::oneOf(rc::gen::just<std::int64_t>(0),
                                      rc::gen::inRange<std::int64_t>(0, 2 * step_of(rate)),
                                      rc::gen::inRange<std::int64_t>(0, microseconds(rate.window).count())));
}

TEST(Gcra, AFullBucketTakesItsRequestsAtOnceAndThenOneAStep) {
  const Rate rate{.requests = 300, .window = milliseconds(60'000)};
  Bucket bucket;
  for (int left = 299; left >= 0; --left) {
    const Taken taken = take_from(bucket, rate, kStart);
    ASSERT_TRUE(taken.allowed);
    EXPECT_EQ(taken.remaining, left);
    EXPECT_EQ(taken.full_again, milliseconds(200) * (300 - left));
    EXPECT_EQ(taken.retry_after, milliseconds(0));
  }
  const Taken refused = take_from(bucket, rate, kStart);
  EXPECT_FALSE(refused.allowed);
  EXPECT_EQ(refused.remaining, 0);
  EXPECT_EQ(refused.full_again, milliseconds(60'000));
  EXPECT_EQ(refused.retry_after, milliseconds(200));
  EXPECT_FALSE(take_from(bucket, rate, kStart + microseconds(199'999)).allowed);
  EXPECT_TRUE(take_from(bucket, rate, kStart + microseconds(200'000)).allowed);
  EXPECT_FALSE(take_from(bucket, rate, kStart + microseconds(200'000)).allowed);
}

RC_GTEST_PROP(Gcra, TakesExactlyItsRequestsAtOnceWhateverTheRate, ()) {
  const Rate rate = any_rate();
  Bucket bucket;
  for (std::int64_t i = 0; i < rate.requests; ++i) RC_ASSERT(take_from(bucket, rate, kStart).allowed);
  RC_ASSERT(!take_from(bucket, rate, kStart).allowed);
}

TEST(Gcra, ARateThatDoesNotDivideItsWindowIsNotExceededInTheLongRun) {
  const Rate rate{.requests = 600, .window = milliseconds(1)};  // 1.67 microseconds each
  Bucket bucket;
  int allowed = 0;
  for (int i = 0; i < 100'000; ++i) allowed += take_from(bucket, rate, kStart + microseconds(i)).allowed ? 1 : 0;
  EXPECT_LE(allowed, 600 + 100 * 600);
}

RC_GTEST_PROP(Gcra, NoWindowSeesMoreThanItsShareAndOneFullBucket, ()) {
  const Rate rate = any_rate();
  const std::int64_t window = microseconds(rate.window).count();
  Bucket bucket;
  Timestamp now = kStart;
  std::vector<std::int64_t> taken_at;
  const int tries = *rc::gen::inRange(1, 400);
  for (int i = 0; i < tries; ++i) {
    now = now + any_pause(rate);
    if (take_from(bucket, rate, now).allowed) taken_at.push_back(now.micros);
  }
  for (std::size_t first = 0, last = 0; last < taken_at.size(); ++last) {
    while (taken_at[last] - taken_at[first] >= window) ++first;
    RC_ASSERT(static_cast<std::int64_t>(last - first + 1) <= 2 * rate.requests);
  }
  // Over the whole time: a full bucket, and one request for each step that went by.
  RC_ASSERT(static_cast<std::int64_t>(taken_at.size()) <= rate.requests + (now.micros - kStart.micros) / step_of(rate));
}

RC_GTEST_PROP(Gcra, ARefusedRequestTakesNothing, ()) {
  const Rate rate = any_rate();
  Bucket bucket;
  Timestamp now = kStart;
  const int tries = *rc::gen::inRange(1, 200);
  for (int i = 0; i < tries; ++i) {
    now = now + any_pause(rate);
    const Timestamp before = bucket.full_at;
    if (!take_from(bucket, rate, now).allowed) RC_ASSERT(bucket.full_at == before);
  }
}

RC_GTEST_PROP(Gcra, WhatItSaysOfTheFutureComesTrue, ()) {
  const Rate rate = any_rate();
  Bucket bucket;
  Timestamp now = kStart;
  const int tries = *rc::gen::inRange(1, 100);
  for (int i = 0; i < tries; ++i) take_from(bucket, rate, now = now + any_pause(rate));
  const Taken said = take_from(bucket, rate, now);

  Bucket again = bucket;
  for (std::int64_t left = said.remaining; left > 0; --left) RC_ASSERT(take_from(again, rate, now).allowed);
  RC_ASSERT(!take_from(again, rate, now).allowed);  // `remaining` is neither too few nor too many

  RC_ASSERT(bucket.full_at <= now + said.full_again);
  RC_ASSERT(bucket.full_at > now + (said.full_again - milliseconds(1)));

  RC_ASSERT(said.allowed == (said.retry_after == milliseconds(0)));
  if (said.allowed) return;
  again = bucket;
  RC_ASSERT(take_from(again, rate, now + said.retry_after).allowed);
  again = bucket;
  RC_ASSERT(!take_from(again, rate, now + (said.retry_after - milliseconds(1))).allowed);
}

RC_GTEST_PROP(Gcra, AClockThatWasSetBackLeavesAtWorstAnEmptyBucket, ()) {
  const Rate rate = any_rate();
  Bucket bucket{kStart + std::chrono::hours(*rc::gen::inRange(1, 10'000))};
  const Taken refused = take_from(bucket, rate, kStart);
  RC_ASSERT(!refused.allowed);
  RC_ASSERT(refused.full_again <= rate.window + milliseconds(rate.requests));
}

}  // namespace
}  // namespace kriya::storage::ephemeral
