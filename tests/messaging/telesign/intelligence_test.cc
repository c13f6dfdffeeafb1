#include "messaging/telesign/intelligence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/io_threads.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_http_client.h"
#include "tests/support/telesign_vectors.h"

namespace kriya::messaging::telesign {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;

class TelesignIntelligenceTest : public testing::Test {
 protected:
  static Options options() {
    Options result;
    result.credentials = tests::telesign_credentials();
    return result;
  }
  Result<NumberReport> look_up(std::string answer, std::vector<std::string> addons = {}, int status = 200) {
    client.answer(status, std::move(answer));
    TelesignLookup lookup(api, clock);
    return run_to_completion(lookup.look_up(number, std::move(addons), Deadline::after(5s)));
  }
  Result<RiskReport> assess(std::string answer, int status = 200, RiskThresholds thresholds = {}) {
    client.answer(status, std::move(answer));
    TelesignRisk risk(api, thresholds);
    return run_to_completion(
        risk.assess({number, "sign-in", "192.0.2.1", "asha@example.com", std::nullopt}, Deadline::after(5s)));
  }
  static std::string phone_id(std::string type, std::string blocklisting, std::string more = "", int code = 300) {
    return R"({"reference_id":"P","status":{"code":)" + std::to_string(code) + R"(},"phone_type":{"code":)" + type +
           R"(,"description":"X"},"blocklisting":)" + blocklisting +
           R"(,"location":{"country":{"iso2":"US"}},"carrier":{"name":"Example Mobile"})" + more + "}";
  }
  static std::string score(std::string value, int code = 300) {
    return R"({"reference_id":"R","status":{"code":)" + std::to_string(code) +
           R"(},"risk":{"level":"medium-low","recommendation":"allow","score":)" + value +
           R"(},"risk_insights":{"status":800,"category":[10002],"a2p":[20101,0],"p2p":null,"ip":["50101",10002]}})";
  }

  const PhoneNumber number = *PhoneNumber::parse("+14155550123");
  const std::string clean = R"({"block_code":0,"block_description":"Not blocked","blocked":false})";
  tests::FakeHttpClient client;
  tests::FakeClock clock;
  TelesignApi api{client, clock, options()};
};

TEST_F(TelesignIntelligenceTest, AsksPhoneIdWithTheNumberInTheBody) {
  const auto report = look_up(phone_id("\"2\"", clean, R"(,"sim_swap":{"status":{"code":2800},"risk_indicator":"1"})"),
                              {"sim_swap", "sim_swap"})
                          .value();
  EXPECT_EQ(client.requests.at(0).url, "https://rest-api.telesign.com/v1/phoneid");
  EXPECT_EQ(client.requests.at(0).body, R"({"phone_number":"14155550123","addons":{"sim_swap":{}}})");
  EXPECT_EQ(report.phone_number, "+14155550123");
  EXPECT_EQ(report.phone_type, "mobile");
  EXPECT_EQ(report.country, "US");
  EXPECT_EQ(report.carrier, "Example Mobile");
  EXPECT_EQ(report.can_receive_sms, true);
  EXPECT_EQ(report.blocked, false);
  EXPECT_EQ(report.recommendation, Recommendation::allow);
  EXPECT_TRUE(report.reasons.empty());
  EXPECT_EQ(report.provider_reference, "P");
  EXPECT_TRUE(report.details.contains("sim_swap"));
}

TEST_F(TelesignIntelligenceTest, CallsANumberNotBlockedOnlyWhenCodeAndFlagAgree) {
  EXPECT_EQ(look_up(phone_id("2", clean))->blocked, false);
  for (const char* doubtful : {R"({"block_code":0,"blocked":true})", R"({"block_code":0})", R"({"blocked":false})",
                               "null", "{}", R"({"block_code":4,"blocked":false})"}) {
    const auto report = look_up(phone_id("2", doubtful)).value();
    EXPECT_FALSE(report.blocked.has_value()) << doubtful;
    EXPECT_EQ(report.recommendation, Recommendation::flag) << doubtful;
    EXPECT_THAT(report.reasons, Contains("blocklist_unknown"));
  }
  for (const char* blocked :
       {R"({"block_code":1,"blocked":true})", R"({"block_code":"3","blocked":false})", R"({"blocked":true})"}) {
    const auto report = look_up(phone_id("2", blocked)).value();
    EXPECT_EQ(report.blocked, true) << blocked;
    EXPECT_EQ(report.recommendation, Recommendation::block) << blocked;
  }
}

TEST_F(TelesignIntelligenceTest, JudgesByTheTypeOfPhone) {
  for (const auto& [type, recommendation, sms] :
       {std::tuple{"\"2\"", Recommendation::allow, true}, std::tuple{"10", Recommendation::allow, true},
        std::tuple{"1", Recommendation::allow, false}, std::tuple{"3", Recommendation::flag, true},
        std::tuple{"5", Recommendation::block, false}, std::tuple{"20", Recommendation::block, false}}) {
    const auto report = look_up(phone_id(type, clean)).value();
    EXPECT_EQ(report.recommendation, recommendation) << type;
    EXPECT_EQ(report.can_receive_sms, sms) << type;
  }
  const auto unheard_of = look_up(phone_id("77", clean)).value();
  EXPECT_EQ(unheard_of.phone_type, "unknown");
  EXPECT_FALSE(unheard_of.can_receive_sms);
  EXPECT_EQ(unheard_of.recommendation, Recommendation::flag);
}

TEST_F(TelesignIntelligenceTest, TakesMissingDataForNoSafety) {
  EXPECT_THAT(look_up(phone_id("2", clean, "", 301))->reasons, ElementsAre("partial_data"));
  EXPECT_THAT(look_up(phone_id("2", clean), {"sim_swap"})->reasons, ElementsAre("sim_swap_unknown"));
  EXPECT_THAT(look_up(phone_id("2", clean, R"(,"sim_swap":{"status":{"code":2803}})"), {"sim_swap"})->reasons,
              ElementsAre("sim_swap_unknown"));
  EXPECT_THAT(look_up(phone_id("2", clean, R"(,"sim_swap":{"status":{"code":2800}})"), {"sim_swap"})->reasons,
              ElementsAre("sim_swap_unknown"));
}

TEST_F(TelesignIntelligenceTest, BlocksAfterASimSwapOrWhenTheNumberHasANewOwner) {
  const auto with_swap = [&](const char* risk) {
    return look_up(
        phone_id("2", clean, std::string(R"(,"sim_swap":{"status":{"code":2800},"risk_indicator":)") + risk + "}"),
        {"sim_swap"});
  };
  EXPECT_EQ(with_swap("4")->recommendation, Recommendation::block);
  EXPECT_EQ(with_swap("\"3\"")->recommendation, Recommendation::block);
  EXPECT_EQ(with_swap("\"2\"")->recommendation, Recommendation::flag);
  EXPECT_EQ(with_swap("\"1\"")->recommendation, Recommendation::allow);
  EXPECT_EQ(with_swap("9")->recommendation, Recommendation::flag);
  const auto recycled = look_up(
      phone_id("2", clean,
               R"(,"number_deactivation":{"status":{"code":2800},"recycled_since_last_verification":"recycled"})"),
      {"number_deactivation"});
  EXPECT_THAT(recycled->reasons, ElementsAre("number_recycled"));
  EXPECT_EQ(recycled->recommendation, Recommendation::block);
}

TEST_F(TelesignIntelligenceTest, FlagsANumberThatWasPortedWithinNinetyDays) {
  const auto ported = [&](const std::string& date) {
    return look_up(phone_id("2", clean,
                            R"(,"porting_history":{"status":{"code":2800},"number_of_portings":"1","port_date":)" +
                                date + "}"),
                   {"porting_history"})
        .value()
        .recommendation;
  };
  EXPECT_EQ(ported("\"2026-11-01T00:00:00Z\""), Recommendation::flag);
  EXPECT_EQ(ported("\"2026-31-01\""), Recommendation::flag) << "a date that cannot be read";
  EXPECT_EQ(ported("null"), Recommendation::flag);
  EXPECT_EQ(ported("\"2020-05-04 22:07:01:226\""), Recommendation::allow);
}

TEST_F(TelesignIntelligenceTest, TellsARefusedQuestionFromAnAnswerThatCannotBeHad) {
  EXPECT_EQ(
      look_up(R"({"status":{"code":11000,"description":"Invalid phone number 14155550123"}})", {}, 400).error().code,
      Errc::bad_request);
  for (const auto& error :
       {look_up(R"({"status":{"code":10008}})", {}, 401), look_up(R"({"status":{"code":10019}})", {}, 429),
        look_up("oops", {}, 500), look_up("{}"), look_up(R"({"status":{"code":10030}})", {}, 402)}) {
    ASSERT_FALSE(error);
    EXPECT_EQ(error.error().code, Errc::unavailable);
    EXPECT_EQ(error.error().detail.find("1415"), std::string::npos);
  }
  TelesignLookup lookup(api, clock);
  const auto asked = client.requests.size();
  const auto unknown = run_to_completion(lookup.look_up(number, {"sim_swap", "contact_match"}, Deadline::after(5s)));
  EXPECT_EQ(unknown.error().code, Errc::invalid_fields);
  ASSERT_EQ(unknown.error().fields.size(), 1U);
  EXPECT_EQ(unknown.error().fields[0].field, "addons");
  EXPECT_NE(unknown.error().fields[0].message.find("sim_swap"), std::string::npos) << "what is allowed";
  EXPECT_NE(unknown.error().fields[0].message.find("'contact_match' is none"), std::string::npos);
  EXPECT_EQ(client.requests.size(), asked);
}

TEST_F(TelesignIntelligenceTest, AsksForAScoreByBasicAtItsOwnHost) {
  const auto report = assess(score("300")).value();
  EXPECT_EQ(client.requests.at(0).url, "https://detect.telesign.com/intelligence/phone");
  EXPECT_EQ(client.requests.at(0).body,
            "phone_number=14155550123&account_lifecycle_event=sign-in&email_address=asha%40example.com&originating_ip="
            "192.0.2.1");
  EXPECT_TRUE(client.header("Authorization").starts_with("Basic "));
  EXPECT_EQ(report.score, 300);
  EXPECT_EQ(report.level, "medium-low");
  EXPECT_EQ(report.recommendation, Recommendation::allow);
  EXPECT_THAT(report.reason_codes, ElementsAre(10002, 20101, 50101));
}

TEST_F(TelesignIntelligenceTest, JudgesAScoreByOurOwnThresholds) {
  const RiskThresholds thresholds{.flag = 200, .block = 500};
  EXPECT_EQ(assess(score("199"), 200, thresholds)->recommendation, Recommendation::allow);
  EXPECT_EQ(assess(score("\"200\""), 200, thresholds)->recommendation, Recommendation::flag);
  EXPECT_EQ(assess(score("500"), 200, thresholds)->recommendation, Recommendation::block);
  EXPECT_EQ(assess(score("0", 301), 200, thresholds)->recommendation, Recommendation::flag) << "partial data";
}

TEST_F(TelesignIntelligenceTest, HasNoScoreWithoutOne) {
  for (const char* wrong : {"null", "-1", "1001", "\"high\"", "{}"})
    EXPECT_EQ(assess(score(wrong)).error().code, Errc::unavailable) << wrong;
  EXPECT_EQ(assess("{}").error().code, Errc::unavailable);
  EXPECT_EQ(assess("", 503).error().code, Errc::unavailable);
  TelesignRisk risk(api, {});
  EXPECT_EQ(run_to_completion(risk.assess({number, "party", "", {}, {}}, Deadline::after(5s))).error().code,
            Errc::bad_request);
}

TEST_F(TelesignIntelligenceTest, TakesTheOtherCredentialsForTheOtherHost) {
  auto two = options();
  two.detect = {"OTHER", Secret("VGVzdCBLZXk=")};
  TelesignApi other(client, clock, two);
  TelesignRisk risk(other, {});
  client.answer(200, score("1"));
  run_to_completion(risk.assess({number, "create", "", {}, {}}, Deadline::after(5s)));
  EXPECT_EQ(client.header("Authorization"), TelesignSigner(two.detect).basic("").at(0).second);
}

}  // namespace
}  // namespace kriya::messaging::telesign
