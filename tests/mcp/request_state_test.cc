#include "mcp/request_state.h"

#include <gtest/gtest.h>

#include "mcp/protocol.h"
#include "tests/support/fake_clock.h"

namespace kriya::mcp {
namespace {

class RequestStatesTest : public ::testing::Test {
 protected:
  tests::FakeClock clock_;
  RequestStates states_{Secret("the master key"), clock_, std::chrono::seconds(60)};
  const RequestStates::Call call_{"user:1", "tools/call", "send"};
  const json::object state_{{"round", 2}};
};

TEST_F(RequestStatesTest, ComesBackToTheSameCall) {
  EXPECT_EQ(states_.open(states_.seal(state_, call_), call_), state_);
  const RequestStates elsewhere(Secret("the master key"), clock_);
  EXPECT_EQ(elsewhere.open(states_.seal(state_, call_), call_), state_) << "another instance has the same key";
}

TEST_F(RequestStatesTest, IsGoodForNoOtherPrincipalMethodOrName) {
  const std::string sealed = states_.seal(state_, call_);
  for (const RequestStates::Call& other :
       {RequestStates::Call{"user:2", "tools/call", "send"}, RequestStates::Call{"user:1", "prompts/get", "send"},
        RequestStates::Call{"user:1", "tools/call", "delete"}}) {
    const auto opened = states_.open(sealed, other);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, rpc_code::kInvalidParams);
  }
}

TEST_F(RequestStatesTest, IsRefusedWhenAlteredOrOld) {
  std::string sealed = states_.seal(state_, call_);
  EXPECT_FALSE(states_.open(sealed + "A", call_));
  EXPECT_FALSE(states_.open("", call_));
  EXPECT_EQ(sealed.find("round"), std::string::npos) << "the client does not read it";
  clock_.advance(std::chrono::seconds(59));
  EXPECT_TRUE(states_.open(sealed, call_));
  clock_.advance(std::chrono::seconds(1));
  EXPECT_FALSE(states_.open(sealed, call_));
  sealed[sealed.size() / 2] = sealed[sealed.size() / 2] == 'A' ? 'B' : 'A';
  EXPECT_FALSE(states_.open(sealed, call_));
}

}  // namespace
}  // namespace kriya::mcp
