#include "access/origins.h"

#include <gtest/gtest.h>

namespace kriya::access {
namespace {

/// Whether such a request may use the cookie; an empty text is an absent header.
bool passes(const Origins& origins, const char* origin, const char* site = "") {
  http::Request request;
  request.set_start("POST", "/api/chat", 1);
  request.add_header("Host", "evil.example");
  if (*origin != '\0') request.add_header("Origin", origin);
  if (*site != '\0') request.add_header("Sec-Fetch-Site", site);
  const auto checked = origins.check(request);
  EXPECT_TRUE(checked || checked.error().code == Errc::foreign_origin);
  return checked.has_value();
}

const Origins kProduction("https://kriya.example/base", {"https://app.example:8443"}, std::nullopt);
const Origins kDevelopment("http://localhost:8001", {}, 8001);

TEST(OriginOf, IsSchemeHostAndPort) {
  EXPECT_EQ(origin_of("https://kriya.example"), "https://kriya.example");
  EXPECT_EQ(origin_of("https://kriya.example:8443/a/b"), "https://kriya.example:8443");
  EXPECT_EQ(origin_of("http://[::1]:8001/"), "http://[::1]:8001");
  EXPECT_EQ(origin_of("kriya.example"), "");
}

TEST(Origins, TakesItsOwnAndTheAllowedOnes) {
  EXPECT_TRUE(passes(kProduction, "https://kriya.example"));
  EXPECT_TRUE(passes(kProduction, "https://kriya.example", "same-origin"));
  EXPECT_TRUE(passes(kProduction, "https://app.example:8443"));
  EXPECT_TRUE(passes(kProduction, "https://app.example:8443", "cross-site"));
  EXPECT_TRUE(passes(kProduction, "https://app.example:8443", "same-site"));
}

TEST(Origins, RefusesEveryOther) {
  for (const char* origin :
       {"null", "https://evil.example", "http://kriya.example", "https://kriya.example:444", "https://kriya.example/",
        "https://kriya.example.evil.example", "https://sub.kriya.example", "https://app.example",
        "https://KRIYA.example", "http://localhost:8001", "https://kriya.example, https://kriya.example", "*"}) {
    EXPECT_FALSE(passes(kProduction, origin)) << origin;
    EXPECT_FALSE(passes(kProduction, origin, "same-origin")) << origin;
  }
}

TEST(Origins, WithoutOriginFetchMetadataDecides) {
  EXPECT_TRUE(passes(kProduction, ""));
  EXPECT_TRUE(passes(kProduction, "", "none"));
  EXPECT_TRUE(passes(kProduction, "", "same-origin"));
  EXPECT_FALSE(passes(kProduction, "", "same-site"));
  EXPECT_FALSE(passes(kProduction, "", "cross-site"));
  EXPECT_FALSE(passes(kProduction, "", "of-a-later-standard"));
}

TEST(Origins, DevelopmentKnowsThisMachineByAllItsNames) {
  for (const char* origin : {"http://localhost:8001", "http://127.0.0.1:8001", "http://[::1]:8001"}) {
    EXPECT_TRUE(passes(kDevelopment, origin)) << origin;
    EXPECT_FALSE(passes(kProduction, origin)) << origin;
  }
  for (const char* origin : {"http://localhost", "http://localhost:8002", "https://localhost:8001",
                             "http://localhost.evil.example:8001", "http://127.0.0.2:8001"}) {
    EXPECT_FALSE(passes(kDevelopment, origin)) << origin;
  }
  EXPECT_TRUE(passes(Origins("https://kriya.example", {}, 80), "http://localhost"));
}

}  // namespace
}  // namespace kriya::access
