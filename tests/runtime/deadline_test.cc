#include "runtime/deadline.h"

#include <gtest/gtest.h>

namespace kriya {
namespace {

using namespace std::chrono_literals;

TEST(Deadline, PassesWithItsTime) {
  EXPECT_TRUE(Deadline::after(0ms).passed());
  const Deadline later = Deadline::after(1h);
  EXPECT_FALSE(later.passed());
  EXPECT_TRUE(later.passed_at(later.at()));
  EXPECT_FALSE(later.stop().stop_possible());
}

TEST(Deadline, IsNeverLaterThanTheOneItIsMadeOf) {
  const Deadline hour = Deadline::after(1h);
  EXPECT_EQ(hour.within(2h).at(), hour.at());
  EXPECT_LT(hour.within(1s).at(), hour.at());
}

TEST(Deadline, PassesWhenItIsStopped) {
  std::stop_source source;
  const Deadline deadline = Deadline::after(1h).stopped_by(source.get_token());
  EXPECT_FALSE(deadline.passed());
  source.request_stop();
  EXPECT_TRUE(deadline.passed());
  EXPECT_TRUE(deadline.within(2h).passed()) << "what is derived of it is stopped, too";
  EXPECT_TRUE(deadline.within(1s).stop().stop_requested());
}

TEST(Deadline, CanKeepItsTimeAlone) {
  std::stop_source source;
  const Deadline deadline = Deadline::after(1h).stopped_by(source.get_token());
  source.request_stop();
  EXPECT_FALSE(deadline.unstoppable().passed());
  EXPECT_EQ(deadline.unstoppable().at(), deadline.at());
}

}  // namespace
}  // namespace kriya
