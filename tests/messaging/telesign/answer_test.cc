#include "messaging/telesign/answer.h"

#include <gtest/gtest.h>

namespace kriya::messaging::telesign {
namespace {

using Kind = SendOutcome::Kind;

SendOutcome outcome(int http_status, std::string body) {
  http::client::Response response;
  response.status = http_status;
  response.body = std::move(body);
  return outcome_of(read_answer(response));
}

std::string with_code(const std::string& code) {
  return R"({"reference_id":"0123456789ABCDEF0123456789ABCDEF","status":{"code":)" + code +
         R"(,"description":"words","updated_on":"2022-31-03T00:00:00Z"},"external_id":null})";
}

std::string with_error(const std::string& code) {
  return R"({"reference_id":"0123","errors":[{"code":)" + code +
         R"(,"description":"words"}],"status":{"code":500,"description":"Transaction not attempted"}})";
}

TEST(TelesignOutcome, AcceptsWhatIsOnItsWay) {
  for (const char* code : {"290", "\"290\"", "290.0", "292"}) {
    const auto result = outcome(200, with_code(code));
    EXPECT_EQ(result.kind, Kind::accepted) << code;
    EXPECT_EQ(result.status, Status::accepted);
    EXPECT_EQ(result.reference, "0123456789ABCDEF0123456789ABCDEF");
  }
  EXPECT_EQ(outcome(200, with_code("203")).status, Status::sent);
  EXPECT_EQ(outcome(200, with_code("3001")).kind, Kind::accepted);
  EXPECT_EQ(outcome(200, with_code("4711")).kind, Kind::accepted) << "an unknown code, but a reference";
}

TEST(TelesignOutcome, BelievesTheCodeRatherThanTheHttpStatus) {
  EXPECT_EQ(outcome(503, with_code("290")).kind, Kind::accepted);
  EXPECT_EQ(outcome(200, with_code("10033")).kind, Kind::rejected);
  EXPECT_EQ(outcome(200, with_code("11000")).kind, Kind::rejected);
}

TEST(TelesignOutcome, RetriesWhatWasHeldBackByARate) {
  for (const auto& body : {with_code("10019"), with_error("-40007"), with_code("3204"), std::string("slow down")}) {
    const auto result = outcome(429, body);
    EXPECT_EQ(result.kind, Kind::rejected);
    EXPECT_TRUE(result.retryable) << body;
    EXPECT_FALSE(result.provider_down);
  }
  EXPECT_FALSE(outcome(429, with_error("-40008")).retryable) << "the hard cap";
  EXPECT_FALSE(outcome(400, with_error("-40007")).retryable) << "no data submitted";
}

TEST(TelesignOutcome, RetriesWhatTelesignCouldNotTake) {
  for (const auto& result : {outcome(503, with_code("10000")), outcome(500, with_code("10000")),
                             outcome(503, with_error("-90001")), outcome(503, with_code("3500"))}) {
    EXPECT_EQ(result.kind, Kind::rejected);
    EXPECT_TRUE(result.retryable);
    EXPECT_TRUE(result.provider_down);
  }
}

TEST(TelesignOutcome, GivesUpOnWhatWillNeverPass) {
  for (const auto& result :
       {outcome(400, with_code("11000")), outcome(400, with_code("12000")), outcome(400, with_code("10032")),
        outcome(200, with_code("233")), outcome(400, with_error("-10001")), outcome(404, "<html>"), outcome(302, "")}) {
    EXPECT_EQ(result.kind, Kind::rejected) << result.code;
    EXPECT_FALSE(result.retryable) << result.code;
    EXPECT_FALSE(result.provider_down) << result.code;
  }
  for (const auto& result : {outcome(401, with_code("10008")), outcome(402, with_code("10030")),
                             outcome(401, with_error("-30000")), outcome(401, "")}) {
    EXPECT_EQ(result.kind, Kind::rejected) << result.code;
    EXPECT_FALSE(result.retryable) << result.code;
    EXPECT_TRUE(result.provider_down) << "the account: " << result.code;
  }
}

TEST(TelesignOutcome, IsAmbiguousWhereverItMayHaveBeenSent) {
  for (const auto& result : {outcome(500, "<html>Bad gateway</html>"), outcome(502, ""), outcome(504, "{}"),
                             outcome(200, "cut off {"), outcome(200, ""), outcome(200, "[]"),
                             outcome(200, R"({"status":{"code":290}})"), outcome(503, R"({"status":{"code":null}})"),
                             outcome(408, ""), outcome(500, with_error("-77777").replace(0, 0, " x"))}) {
    EXPECT_EQ(result.kind, Kind::ambiguous) << result.code;
    EXPECT_FALSE(result.retryable);
    EXPECT_EQ(result.status, Status::unknown);
  }
}

TEST(TelesignOutcome, FollowsWhetherALostCallWasSent) {
  const auto lost = outcome_of(tl::unexpected(NoAnswer{NoAnswer::Why::lost, "time is up", {}}));
  EXPECT_EQ(lost.kind, Kind::ambiguous);
  EXPECT_FALSE(lost.retryable);
  EXPECT_TRUE(lost.provider_down);
  const auto unsent = outcome_of(tl::unexpected(NoAnswer{NoAnswer::Why::unsent, "refused", {}}));
  EXPECT_EQ(unsent.kind, Kind::rejected);
  EXPECT_TRUE(unsent.retryable);
  EXPECT_TRUE(unsent.provider_down);
  const auto held = outcome_of(tl::unexpected(NoAnswer{NoAnswer::Why::held_back, "", std::chrono::seconds(3)}));
  EXPECT_EQ(held.kind, Kind::rejected);
  EXPECT_TRUE(held.retryable);
  EXPECT_FALSE(held.provider_down);
  EXPECT_EQ(held.retry_after, std::chrono::seconds(3));
}

TEST(TelesignOutcome, NeverQuotesTheNumberOrTheText) {
  const auto result = outcome(400, R"({"reference_id":"A","status":{"code":11000,
      "description":"Invalid phone number 14155550123 in 'Your code is 123456'"},"signature_string":"POST secret"})");
  EXPECT_EQ(result.detail.find("1415"), std::string::npos);
  EXPECT_EQ(result.detail.find("code is"), std::string::npos);
  EXPECT_NE(result.detail.find("Invalid phone number"), std::string::npos);
}

TEST(TelesignOutcome, HonoursRetryAfterWithinReason) {
  http::client::Response response;
  response.status = 429;
  response.headers = {{"retry-after", "7"}};
  EXPECT_EQ(outcome_of(read_answer(response)).retry_after, std::chrono::seconds(7));
  response.headers = {{"Retry-After", "99999999"}};
  EXPECT_EQ(outcome_of(read_answer(response)).retry_after, std::chrono::hours(1));
  response.headers = {{"Retry-After", "soon"}};
  EXPECT_EQ(outcome_of(read_answer(response)).retry_after, std::chrono::seconds(0));
}

}  // namespace
}  // namespace kriya::messaging::telesign
