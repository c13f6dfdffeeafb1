#include "messaging/circuit.h"

#include <gtest/gtest.h>

#include "tests/support/fake_clock.h"

namespace kriya::messaging {
namespace {

using std::chrono::seconds;

class CircuitTest : public ::testing::Test {
 protected:
  void fail(int times) {
    for (int i = 0; i < times; ++i) circuit_.failed(clock_.now());
  }
  bool allows() { return circuit_.allows(clock_.now()); }

  tests::FakeClock clock_;
  Circuit circuit_;
};

TEST_F(CircuitTest, OpensAfterFailuresInARowOnly) {
  fail(Circuit::kFailures - 1);
  circuit_.succeeded();
  fail(Circuit::kFailures - 1);
  EXPECT_TRUE(allows());
  fail(1);
  EXPECT_FALSE(allows());
}

TEST_F(CircuitTest, LetsOneTryThroughInEachPauseAndClosesWithASuccess) {
  fail(Circuit::kFailures);
  clock_.advance(Circuit::kPause - seconds(1));
  EXPECT_FALSE(allows());
  clock_.advance(seconds(1));
  EXPECT_TRUE(allows());
  EXPECT_FALSE(allows());
  fail(1);
  clock_.advance(Circuit::kPause - seconds(1));
  EXPECT_FALSE(allows());
  clock_.advance(seconds(1));
  EXPECT_TRUE(allows());
  circuit_.succeeded();
  EXPECT_TRUE(allows());
  EXPECT_TRUE(allows());
}

}  // namespace
}  // namespace kriya::messaging
