#include "operations/instances.h"

#include <gtest/gtest.h>

#include "crypto/random.h"
#include "tests/support/fake_clock.h"
#include "tests/support/test_database.h"

namespace kriya::operations {
namespace {

using std::chrono::seconds;

class InstancesTest : public ::testing::TestWithParam<tests::Engine> {
 protected:
  Instance started(const std::string& name, const std::string& store = {}) {
    return {.id = crypto::new_uuid(clock_.now()),
            .name = name,
            .version = "1.2.3",
            .shared_store = store,
            .started_at = clock_.now(),
            .seen_at = {}};
  }
  std::vector<Instance> beat(const Instance& self) {
    return run_to_completion(instances_.beat(self, clock_.now(), tests::soon())).value();
  }
  std::size_t running() { return run_to_completion(instances_.running(clock_.now(), tests::soon())).value().size(); }

  tests::FakeClock clock_;
  tests::TestDatabase database_{GetParam()};
  Instances instances_{*database_};
};

INSTANTIATE_TEST_SUITE_P(Engines, InstancesTest, tests::every_engine(), tests::engine_name);

TEST_P(InstancesTest, SeeEachOther) {
  const Instance one = started("a:1");
  const Instance two = started("b:1", "redis:6379/0");
  EXPECT_TRUE(beat(one).empty());
  clock_.advance(seconds(1));
  const auto seen_by_two = beat(two);
  ASSERT_EQ(seen_by_two.size(), 1U);
  EXPECT_EQ(seen_by_two[0].name, "a:1");
  EXPECT_EQ(seen_by_two[0].version, "1.2.3");
  EXPECT_EQ(beat(one).at(0).shared_store, "redis:6379/0");
  EXPECT_EQ(running(), 2U);
}

TEST_P(InstancesTest, AreGoneWhenTheyLeaveOrFallSilent) {
  const Instance one = started("a:1");
  const Instance two = started("b:1");
  beat(one);
  beat(two);
  ASSERT_TRUE(run_to_completion(instances_.leave(one.id, tests::soon())));
  EXPECT_EQ(running(), 1U);
  clock_.advance(Instances::kGone + seconds(1));
  EXPECT_EQ(running(), 0U);
}

TEST_P(InstancesTest, TakeThePlaceOfTheOneThatHadTheirName) {
  beat(started("a:1"));
  EXPECT_TRUE(beat(started("a:1")).empty());
  EXPECT_EQ(running(), 1U);
}

Instance other(const std::string& store, Timestamp seen_at) {
  return {.id = {}, .name = "b:1", .version = {}, .shared_store = store, .started_at = {}, .seen_at = seen_at};
}

TEST(LimitsCountedApart, AreReportedOnceAnotherInstanceIsKnownToLive) {
  const Timestamp start{1'000};
  Instance self{.id = {}, .name = "a:1", .version = {}, .shared_store = {}, .started_at = start, .seen_at = {}};
  EXPECT_FALSE(warning_of_limits_apart(self, {}));
  EXPECT_FALSE(warning_of_limits_apart(self, {other("", start)}));
  const auto warning = warning_of_limits_apart(self, {other("", start + seconds(1))});
  ASSERT_TRUE(warning);
  EXPECT_NE(warning->find("REDIS_URL"), std::string::npos);
  EXPECT_NE(warning->find("b:1"), std::string::npos);
  self.shared_store = "redis:6379/0";
  EXPECT_FALSE(warning_of_limits_apart(self, {other("redis:6379/0", start + seconds(1))}));
  EXPECT_TRUE(warning_of_limits_apart(self, {other("redis:6379/1", start + seconds(1))}));
  EXPECT_TRUE(warning_of_limits_apart(self, {other("", start + seconds(1))}));
}

}  // namespace
}  // namespace kriya::operations
