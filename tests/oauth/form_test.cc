#include "oauth/form.h"

#include <gtest/gtest.h>

namespace kriya::oauth {
namespace {

using Parsed = std::map<std::string, std::string>;

TEST(Form, ReadsNamesAndValues) {
  EXPECT_EQ(parse_form("a=1&b=x+y%2Bz%26&c=&d&&=lost"), (Parsed{{"a", "1"}, {"b", "x y+z&"}, {"c", ""}, {"d", ""}}));
  EXPECT_EQ(parse_form(""), Parsed());
  EXPECT_EQ(parse_form("&&"), Parsed());
  EXPECT_EQ(parse_form("a=b=c"), (Parsed{{"a", "b=c"}}));
}

TEST(Form, RefusesANameTwiceHoweverItIsSpelt) {
  EXPECT_EQ(parse_form("a=1&a=1").error().code, Errc::invalid_request);
  EXPECT_FALSE(parse_form("scope=1&s%63ope=2"));
}

TEST(Form, RefusesWhatIsBadlyEncoded) {
  for (const char* bad : {"a=%", "a=%4", "a=%zz", "%ff=1", "a=%ff", "a=\xff"}) EXPECT_FALSE(parse_form(bad)) << bad;
}

TEST(Form, RefusesAFlood) {
  std::string many;
  for (int i = 0; i < 65; ++i) many += "p" + std::to_string(i) + "=1&";
  EXPECT_FALSE(parse_form(many));
}

TEST(Form, IsKnownByItsType) {
  EXPECT_TRUE(is_form("application/x-www-form-urlencoded"));
  EXPECT_TRUE(is_form("Application/X-WWW-Form-URLencoded ; charset=UTF-8"));
  EXPECT_FALSE(is_form("application/json"));
  EXPECT_FALSE(is_form("application/x-www-form-urlencoded2"));
  EXPECT_FALSE(is_form(""));
}

}  // namespace
}  // namespace kriya::oauth
