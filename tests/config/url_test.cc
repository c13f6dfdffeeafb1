#include "config/url.h"

#include <gtest/gtest.h>

namespace kriya::config {
namespace {

TEST(Url, IsTakenApart) {
  const Url url = parse_url("HTTPS://User:pw@Example.COM:8443/a/b?x=1#top").value();
  EXPECT_EQ(url.scheme, "https");
  EXPECT_EQ(url.host, "example.com");
  EXPECT_EQ(url.port, 8443);
  EXPECT_EQ(url.path, "/a/b");
  EXPECT_TRUE(url.has_user);
  EXPECT_TRUE(url.has_query);
  EXPECT_TRUE(url.has_fragment);
}

TEST(Url, WithHostAloneHasNothingElse) {
  const Url url = parse_url("http://example.com").value();
  EXPECT_FALSE(url.port);
  EXPECT_EQ(url.path, "");
  EXPECT_FALSE(url.has_user || url.has_query || url.has_fragment);
}

TEST(Url, MayNameAnAddress) {
  EXPECT_EQ(parse_url("http://192.0.2.1:80").value().host, "192.0.2.1");
  EXPECT_EQ(parse_url("http://[2001:DB8:0::1]:8001/").value().host, "[2001:db8::1]");
}

TEST(Url, OriginIsWrittenAsBrowsersDo) {
  EXPECT_EQ(parse_url("HTTP://Example.com:80/x").value().origin(), "http://example.com");
  EXPECT_EQ(parse_url("https://example.com:443").value().origin(), "https://example.com");
  EXPECT_EQ(parse_url("https://example.com:80").value().origin(), "https://example.com:80");
  EXPECT_EQ(parse_url("http://[::1]:3000").value().origin(), "http://[::1]:3000");
}

TEST(Url, KnowsTheNamesOfThisMachine) {
  for (const std::string_view text :
       {"http://localhost", "http://app.localhost:1", "http://127.0.0.2", "http://[::1]"}) {
    EXPECT_TRUE(parse_url(text).value().is_loopback()) << text;
  }
  EXPECT_FALSE(parse_url("http://localhost.example.com").value().is_loopback());
}

TEST(Url, IsRefusedWhenItIsNone) {
  for (const std::string_view text : {
           "",
           "example.com",
           "//example.com",
           "http:/example.com",
           "http:example.com",
           "://example.com",
           "1http://a",
           "http://",
           "http:///path",
           "http://:80",
           "http://@",
           "http://a:",
           "http://a:0",
           "http://a:65536",
           "http://a:8x",
           "http://a b",
           "http://a\tb",
           "http://a\n",
           "http://bücher.example",
           "http://a..b",
           "http://.a",
           "http://a.",
           "http://a_b!",
           "http://[::1",
           "http://::1",
           "http://[::1]x",
           "http://[127.0.0.1]",
           "http://[]",
           "http://256.0.0.1",
           "http://1.2.3",
           "http://a\\b",
           "http://u@v@w",
           "http://%61/",
           "ht tp://a",
       }) {
    EXPECT_FALSE(parse_url(text)) << text;
  }
}

TEST(Url, ErrorDoesNotQuoteTheText) {
  EXPECT_EQ(parse_url("http://user:hunter2@host:99999").error().find("hunter2"), std::string::npos);
}

}  // namespace
}  // namespace kriya::config
