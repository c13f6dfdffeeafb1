#include "http/client_address.h"

#include <gtest/gtest.h>

namespace kriya::http {
namespace {

bool in_ten_net(const std::string& address) { return address.starts_with("10.") || address == "2001:db8::1"; }

TEST(ClientAddress, IsThePeerWhenThePeerIsNoTrustedProxy) {
  EXPECT_EQ(client_address("203.0.113.9", "198.51.100.1", in_ten_net), "203.0.113.9");
}

TEST(ClientAddress, IsTheRightMostHopThatIsNotTrusted) {
  EXPECT_EQ(client_address("10.0.0.1", "1.1.1.1, 198.51.100.1, 10.0.0.2", in_ten_net), "198.51.100.1");
}

TEST(ClientAddress, IsTheLeftMostWhenAllHopsAreTrusted) {
  EXPECT_EQ(client_address("10.0.0.1", "10.0.0.3, 10.0.0.2", in_ten_net), "10.0.0.3");
}

TEST(ClientAddress, StopsAtWhatIsNoAddress) {
  EXPECT_EQ(client_address("10.0.0.1", "198.51.100.1, unknown", in_ten_net), "10.0.0.1");
  EXPECT_EQ(client_address("10.0.0.1", "198.51.100.1, ", in_ten_net), "10.0.0.1");
  EXPECT_EQ(client_address("10.0.0.1", "198.51.100.1, [", in_ten_net), "10.0.0.1");
}

TEST(ClientAddress, ReadsPortsBracketsAndMappedAddresses) {
  EXPECT_EQ(client_address("10.0.0.1", "198.51.100.1:4711", in_ten_net), "198.51.100.1");
  EXPECT_EQ(client_address("10.0.0.1", "[2001:DB8::5]:4711", in_ten_net), "2001:db8::5");
  EXPECT_EQ(client_address("10.0.0.1", "::ffff:198.51.100.1, 2001:db8::1", in_ten_net), "198.51.100.1");
}

TEST(AddressOwner, HasOneIpv4AddressOrANetworkOfIpv6) {
  EXPECT_EQ(address_owner("203.0.113.7"), "203.0.113.7");
  EXPECT_EQ(address_owner("2001:db8:0:1::1"), "2001:db8:0:1::");
  EXPECT_EQ(address_owner("2001:db8:0:1:ffff::2"), "2001:db8:0:1::");
  EXPECT_EQ(address_owner("2001:db8:0:2::1"), "2001:db8:0:2::");
  EXPECT_EQ(address_owner("no:address"), "no:address");
}

}  // namespace
}  // namespace kriya::http
