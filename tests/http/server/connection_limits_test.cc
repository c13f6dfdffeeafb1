#include "http/server/connection_limits.h"

#include <gtest/gtest.h>

namespace kriya::http::server {
namespace {

bool is_proxy(const std::string& address) { return address == "proxy"; }

TEST(ConnectionLimits, CountEachAddressForItself) {
  ConnectionLimits limit(4, 2, is_proxy);
  EXPECT_TRUE(limit.admit("a"));
  EXPECT_TRUE(limit.admit("a"));
  EXPECT_FALSE(limit.admit("a"));
  EXPECT_TRUE(limit.admit("b"));
  limit.release("a");
  EXPECT_TRUE(limit.admit("a"));
  EXPECT_EQ(limit.open(), 3U);
}

TEST(ConnectionLimits, CountANetworkOfIpv6AsOneAddress) {
  ConnectionLimits limit(4, 2, is_proxy);
  EXPECT_TRUE(limit.admit("2001:db8:0:1::1"));
  EXPECT_TRUE(limit.admit("2001:db8:0:1:ffff::2"));
  EXPECT_FALSE(limit.admit("2001:db8:0:1::3"));
  EXPECT_TRUE(limit.admit("2001:db8:0:2::1"));
  limit.release("2001:db8:0:1::1");
  EXPECT_TRUE(limit.admit("2001:db8:0:1::3"));
}

TEST(ConnectionLimits, ExemptAnAddressFromItsOwnLimitButNotFromTheWhole) {
  ConnectionLimits limit(4, 2, is_proxy);
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(limit.admit("proxy"));
  EXPECT_FALSE(limit.admit("proxy"));
  EXPECT_FALSE(limit.admit("a"));
  limit.release("proxy");
  EXPECT_TRUE(limit.admit("a"));
}

TEST(BodyBudget, GivesNoMoreThanItHas) {
  BodyBudget budget(100);
  EXPECT_TRUE(budget.take(60));
  EXPECT_FALSE(budget.take(41));
  EXPECT_TRUE(budget.take(40));
  budget.give_back(60);
  EXPECT_TRUE(budget.take(60));
}

}  // namespace
}  // namespace kriya::http::server
