#include "config/cidr.h"

#include <gtest/gtest.h>

namespace kriya::config {
namespace {

Cidr range(std::string_view text) { return Cidr::parse(text).value(); }

TEST(Cidr, HoldsTheAddressesOfItsPrefixAndNoOthers) {
  EXPECT_TRUE(range("10.0.0.0/8").contains("10.255.0.1"));
  EXPECT_FALSE(range("10.0.0.0/8").contains("11.0.0.0"));
  EXPECT_TRUE(range("192.168.4.0/22").contains("192.168.7.255"));
  EXPECT_FALSE(range("192.168.4.0/22").contains("192.168.8.0"));
  EXPECT_TRUE(range("2001:db8::/33").contains("2001:db8:7fff::1"));
  EXPECT_FALSE(range("2001:db8::/33").contains("2001:db8:8000::1"));
}

TEST(Cidr, TakesABareAddressForItselfAlone) {
  EXPECT_TRUE(range("192.0.2.7").contains("192.0.2.7"));
  EXPECT_FALSE(range("192.0.2.7").contains("192.0.2.6"));
  EXPECT_TRUE(range("::1").contains("::1"));
  EXPECT_FALSE(range("::1").contains("::2"));
}

TEST(Cidr, IgnoresBitsBeyondThePrefix) { EXPECT_TRUE(range("10.1.2.3/8").contains("10.200.0.1")); }

TEST(Cidr, SeesTheIpv4AddressInAMappedOne) {
  EXPECT_TRUE(range("10.0.0.0/8").contains("::ffff:10.1.2.3"));
  EXPECT_TRUE(range("::ffff:10.0.0.0/104").contains("10.1.2.3"));
  EXPECT_FALSE(range("::ffff:10.0.0.0/104").contains("11.1.2.3"));
}

TEST(Cidr, KeepsTheFamiliesApart) {
  EXPECT_FALSE(range("::/0").contains("10.0.0.1"));
  EXPECT_TRUE(range("::/0").contains("2001:db8::1"));
  EXPECT_FALSE(range("0.0.0.0/0").contains("::1"));
  EXPECT_TRUE(range("0.0.0.0/0").contains("10.0.0.1"));
  EXPECT_FALSE(range("::ffff:0:0/90").contains("10.0.0.1"));
}

TEST(Cidr, KnowsWhenItHoldsEverything) {
  EXPECT_TRUE(range("0.0.0.0/0").is_everything());
  EXPECT_TRUE(range("::/0").is_everything());
  EXPECT_TRUE(range("::ffff:0:0/96").is_everything());
  EXPECT_FALSE(range("0.0.0.0/1").is_everything());
  EXPECT_FALSE(range("2001:db8::/96").is_everything());
}

TEST(Cidr, RefusesWhatIsNoRange) {
  for (const std::string_view text :
       {"", "/", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/08", "10.0.0.0/8/8", "10.0.0/8", "10.0.0.256",
        "010.0.0.1", "::1/129", "[::1]", "fe80::1%eth0", "localhost", "10.0.0.0 /8", "10.0.0.0/ 8", "10.0.0.0/+8"}) {
    EXPECT_FALSE(Cidr::parse(text)) << text;
  }
  EXPECT_FALSE(Cidr::parse(std::string_view("10.0.0.1\0", 9)));
}

TEST(Cidr, HoldsNothingThatIsNoAddress) {
  EXPECT_FALSE(range("0.0.0.0/0").contains("unknown"));
  EXPECT_FALSE(range("0.0.0.0/0").contains(""));
}

TEST(Address, LoopbackIsKnownInEveryForm) {
  for (const std::string_view text : {"127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"}) {
    EXPECT_TRUE(is_loopback(parse_address(text).value())) << text;
  }
  for (const std::string_view text : {"128.0.0.1", "::", "0.0.0.0", "::2"}) {
    EXPECT_FALSE(is_loopback(parse_address(text).value())) << text;
  }
}

}  // namespace
}  // namespace kriya::config
