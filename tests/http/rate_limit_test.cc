#include "http/rate_limit.h"

#include <gtest/gtest.h>

namespace kriya::http {
namespace {

using std::chrono::milliseconds;
using Headers = std::vector<std::pair<std::string_view, std::string>>;

RateLimit limit(const char* name, RateLimit::Scope scope = RateLimit::Scope::address) {
  return {.name = name, .scope = scope, .requests = 300};
}

Caller caller() {
  return {.address = "2001:db8:0:1:2::3",
          .user_agent = {},
          .request_id = {},
          .deadline = Deadline::after(std::chrono::seconds(1)),
          .bearer = {}};
}

TEST(RateLimitSubject, OfAnAddressIsItsOwner) {
  Caller one = caller();
  EXPECT_EQ(subject_of(limit("x"), one), "2001:db8:0:1::");
  one.address = "203.0.113.7";
  EXPECT_EQ(subject_of(limit("x"), one), "203.0.113.7");
}

TEST(RateLimitSubject, OfAStrangerIsTheAddressUntilAKeyIsAccepted) {
  Caller one = caller();
  EXPECT_EQ(subject_of(limit("x", RateLimit::Scope::stranger), one), "2001:db8:0:1::");
  EXPECT_EQ(subject_of(limit("x", RateLimit::Scope::api_key), one), std::nullopt);
  one.api_key_id = "0123456789abcdef";
  EXPECT_EQ(subject_of(limit("x", RateLimit::Scope::stranger), one), std::nullopt);
  EXPECT_EQ(subject_of(limit("x", RateLimit::Scope::api_key), one), "0123456789abcdef");
}

TEST(RateLimitSubject, OfAUserIsNotThatOfTheUsersRevokedTokens) {
  Caller one = caller();
  EXPECT_EQ(subject_of(limit("x", RateLimit::Scope::user), one), std::nullopt);
  one.token = TokenClaims{*Uuid::parse("017f22e2-79b0-7cc3-98c4-dc0c0c07398f"), 3};
  const auto before = subject_of(limit("x", RateLimit::Scope::user), one);
  EXPECT_EQ(before, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f:3");
  one.token->token_version = 4;
  EXPECT_NE(subject_of(limit("x", RateLimit::Scope::user), one), before);
}

TEST(RateLimitReport, WritesOneMemberForEachLimit) {
  RateLimitReport report;
  Response none;
  report.write_to(none);
  EXPECT_TRUE(none.headers.empty());

  report.add(limit("register"), {.allowed = true, .remaining = 299, .renewed = milliseconds(200)});
  report.add({.name = "account", .requests = 600, .window = std::chrono::seconds(30)},
             {.allowed = true, .remaining = 0, .renewed = milliseconds(1001)});
  Response response;
  report.write_to(response);
  EXPECT_EQ(response.headers, (Headers{{"RateLimit-Policy", R"("register";q=300;w=60, "account";q=600;w=30)"},
                                       {"RateLimit", R"("register";r=299;t=1, "account";r=0;t=2)"}}));
}

TEST(RateLimitRefusal, SaysWhenToComeAgainInWholeSeconds) {
  const auto after = [](int wait) {
    return refusal(limit("x"), {.allowed = false, .remaining = 0, .renewed = milliseconds(wait)}).retry_after.count();
  };
  EXPECT_EQ(after(1), 1);
  EXPECT_EQ(after(1000), 1);
  EXPECT_EQ(after(1001), 2);
  EXPECT_EQ(after(0), 1);
}

}  // namespace
}  // namespace kriya::http
