#include "verification/send_gate.h"

#include <algorithm>

#include <gmock/gmock.h>

#include "tests/support/in_parallel.h"
#include "tests/support/verification_fixture.h"

namespace kriya::verification {
namespace {

using messaging::Status;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class SendGateTest : public VerificationFixture {};

INSTANTIATE_TEST_SUITE_P(Engines, SendGateTest, tests::every_engine(), tests::engine_name);

// ---- send limits ----

TEST_P(SendGateTest, TheCoolDownIsSaidWithItsTime) {
  ASSERT_TRUE(start());
  const auto refused = start();
  EXPECT_EQ(refused.error().code, Errc::too_many_requests);
  EXPECT_EQ(refused.error().retry_after, seconds(30));
  EXPECT_THAT(messenger_.sent(), SizeIs(1));
  clock_.advance(seconds(30));
  EXPECT_TRUE(start());
  EXPECT_EQ(start().error().retry_after, seconds(60));
}

TEST_P(SendGateTest, ANumberGetsFiveInAnHourAndTenInADay) {
  int sent = 0;
  for (int minute = 0; minute < 60; minute += 6, clock_.advance(minutes(6))) sent += start() ? 1 : 0;
  EXPECT_EQ(sent, 5);
  for (int hour = 1; hour < 12; ++hour, clock_.advance(hours(1))) sent += start() ? 1 : 0;
  EXPECT_EQ(sent, 10);
  reopen();
  EXPECT_EQ(start().error().code, Errc::too_many_requests);
  EXPECT_TRUE(start("+14155550199"));
}

TEST_P(SendGateTest, TheLimitsOfANumberHoldForEverySessionOfItsOwner) {
  int sessions = 0;
  const auto by_a_session = [&](Purpose purpose) {
    return start(StartRequest{
        .phone_number = number(kAsha), .purpose = purpose, .owner_session = "session" + std::to_string(++sessions)});
  };
  ASSERT_TRUE(by_a_session(Purpose::sign_in));
  for (const Purpose purpose : {Purpose::sign_in, Purpose::reauthenticate}) {
    EXPECT_EQ(by_a_session(purpose).error().retry_after, seconds(30));
  }
  EXPECT_EQ(start().error().retry_after, seconds(30)) << "nor has anybody else limits apart";
  int sent = 1;
  for (int minute = 6; minute < 60; minute += 6) {
    clock_.advance(minutes(6));
    sent += by_a_session(minute % 12 == 0 ? Purpose::sign_in : Purpose::reauthenticate) ? 1 : 0;
  }
  EXPECT_EQ(sent, 5);
  for (int hour = 1; hour < 12; ++hour) {
    clock_.advance(hours(1));
    sent += by_a_session(Purpose::sign_in) ? 1 : 0;
  }
  EXPECT_EQ(sent, 10);
}

TEST_P(SendGateTest, ANetworkGetsTwentyInAnHour) {
  for (int n = 0; n < 20; ++n) ASSERT_TRUE(start(number_text(n), "2001:db8:0:1::" + std::to_string(n)));
  EXPECT_EQ(start(number_text(21), "2001:db8:0:1:ffff::1").error().code, Errc::too_many_requests);
  EXPECT_TRUE(start(number_text(21), "2001:db8:0:2::1"));
  clock_.advance(hours(1));
  EXPECT_TRUE(start(number_text(22), "2001:db8:0:1::1"));
}

TEST_P(SendGateTest, AllInstancesTogetherKeepTheDailyCeilingInASlidingDay) {
  rules_.sending.limits.codes_per_day = 4;
  build();
  clock_.advance(minutes(-20));  // 09:10
  ASSERT_TRUE(start(number_text(1)));
  clock_.advance(minutes(40));  // 09:50
  ASSERT_TRUE(start(number_text(2)));
  clock_.advance(hours(5));
  ASSERT_TRUE(start(number_text(3)));
  ASSERT_TRUE(start(number_text(4)));
  EXPECT_EQ(start(number_text(5)).error().code, Errc::too_many_requests);
  clock_.advance(hours(18) + minutes(30));  // 09:20 of the next day: the first has left, the second has not
  ASSERT_TRUE(start(number_text(6)));
  EXPECT_EQ(start(number_text(7)).error().code, Errc::too_many_requests);
}

TEST_P(SendGateTest, ParallelStartsExceedNoLimit) {
  const auto other_database = database_.connect();
  const auto other = make(*other_database);
  const auto of_number = tests::in_parallel<Result<VerificationBody>>(40, 8, [&](int i) {
    CodeVerification& instance = i % 2 == 0 ? *verification_ : *other;
    return instance.start(StartRequest{.phone_number = number(kAsha)}, from("198.51.100." + std::to_string(i)));
  });
  EXPECT_EQ(std::ranges::count_if(of_number, [](const auto& each) { return each.has_value(); }), 1);
  const auto of_address = tests::in_parallel<Result<VerificationBody>>(60, 8, [&](int i) {
    CodeVerification& instance = i % 2 == 0 ? *verification_ : *other;
    return instance.start(StartRequest{.phone_number = number(number_text(i))}, from("203.0.113.9"));
  });
  EXPECT_EQ(std::ranges::count_if(of_address, [](const auto& each) { return each.has_value(); }), 20);
  EXPECT_THAT(messenger_.sent(), SizeIs(21));
}

TEST_P(SendGateTest, WhatWasDefinitelyNotSentIsNotCounted) {
  messenger_.answer_with(Status::failed);
  EXPECT_EQ(start().error().code, Errc::delivery_failed);
  messenger_.refuse_with(Error{Errc::opted_out, "STOP"});
  EXPECT_EQ(start().error().code, Errc::opted_out);
  EXPECT_EQ(count("SELECT count(*) FROM challenges"), 0);
  EXPECT_EQ(count("SELECT count(*) FROM code_send_tallies WHERE sent > 0"), 0);
  messenger_.refuse_with({});
  messenger_.answer_with(Status::accepted);
  const auto opened = start();
  ASSERT_TRUE(opened);
  clock_.advance(seconds(30));
  messenger_.answer_with(Status::expired);
  EXPECT_EQ(resend(opened->id).error().code, Errc::delivery_failed);
  messenger_.answer_with(Status::accepted);
  EXPECT_TRUE(resend(opened->id));
}

TEST_P(SendGateTest, ALostAnswerIsCountedAndTheCodeIsGood) {
  messenger_.answer_with(Status::unknown);
  const auto opened = start();
  ASSERT_TRUE(opened);
  EXPECT_EQ(start().error().code, Errc::too_many_requests);
  EXPECT_TRUE(check(opened->id, messenger_.code()));
}

TEST_P(SendGateTest, CountriesAndChannelsAreSaidInWords) {
  rules_.allowed_countries = {"US", "IN"};
  rules_.denied_countries = {"IN"};
  build();
  EXPECT_THAT(start("+447700900123").error().fields.at(0).message, HasSubstr("country"));
  EXPECT_EQ(start("+919876543210").error().code, Errc::invalid_fields);
  const auto channel = start(StartRequest{.phone_number = number(kAsha), .channel = Channel::whatsapp});
  EXPECT_EQ(channel.error().fields.at(0).field, "channel");
  messenger_.carry({});
  EXPECT_EQ(start().error().code, Errc::verification_unavailable);
  messenger_.carry({Channel::sms});
  EXPECT_TRUE(start());
}

TEST_P(SendGateTest, ATestNumberNeedsNeitherProviderNorCountry) {
  rules_.test_numbers.push_back({kAsha, Secret("424242")});
  rules_.test_numbers_until = clock_.now() + hours(24);
  rules_.denied_countries = {"US"};
  build();
  messenger_.carry({});
  EXPECT_TRUE(start());
  EXPECT_FALSE(start("+14155550199"));
}

TEST_P(SendGateTest, ATestNumberIsNeverSentToAndKnowsItsCodeUntilItsDay) {
  rules_.test_numbers.push_back({kAsha, Secret("424242")});
  rules_.test_numbers_until = clock_.now() + hours(24);
  rules_.sending.limits.codes_per_day = 1;
  build();
  for (int i = 0; i < 5; ++i) {
    const auto opened = start();
    ASSERT_TRUE(opened);
    ASSERT_TRUE(resend(opened->id));
    EXPECT_TRUE(check(opened->id, "424242"));
  }
  EXPECT_THAT(messenger_.sent(), IsEmpty());
  for (int i = 0; i < 2; ++i) {
    const auto opened = start();
    for (int guess = 0; guess < 5; ++guess) EXPECT_EQ(failure(opened->id, "111111"), Errc::invalid_code);
  }
  EXPECT_EQ(start().error().code, Errc::too_many_requests);  // guesses count all the same
  clock_.advance(hours(24));
  EXPECT_TRUE(start());
  EXPECT_THAT(messenger_.sent(), SizeIs(1));
}

// ---- the guard against pumping ----

TEST_P(SendGateTest, UnansweredCodesToACountryAreRecordedOrRefused) {
  rules_.sending.pumping_guard = PumpingGuard::record;
  build();
  for (int n = 0; n < 4; ++n) ASSERT_TRUE(start(number_text(n), "198.51.100." + std::to_string(n)));
  EXPECT_EQ(count("SELECT count(*) FROM security_events WHERE kind = 'pumping_warning' AND decision = 'allowed'"), 1);
  EXPECT_THAT(rows("SELECT detail FROM security_events").get<std::string>(0, 0), HasSubstr("country_hour"));

  rules_.sending.pumping_guard = PumpingGuard::deny;
  build();
  const auto refused = start(number_text(5), "198.51.100.5");
  EXPECT_EQ(refused.error().code, Errc::too_many_requests);
  EXPECT_GT(refused.error().retry_after, seconds(0));
  EXPECT_THAT(messenger_.sent(), SizeIs(4));
  EXPECT_EQ(count("SELECT count(*) FROM security_events WHERE decision = 'denied'"), 1);
  EXPECT_EQ(count("SELECT count(*) FROM code_sends WHERE returned_at IS NULL"), 4);
  EXPECT_TRUE(start("+447400123456", "198.51.100.6"));  // another country
}

TEST_P(SendGateTest, TheGuardAgainstPumpingHoldsForSessionsOfTheOwnerToo) {
  rules_.sending.pumping_guard = PumpingGuard::deny;
  build();
  for (int n = 0; n < 3; ++n) ASSERT_TRUE(start(number_text(n), "198.51.100." + std::to_string(n)));
  const auto refused = start(StartRequest{.phone_number = number(kAsha), .owner_session = "session"}, "198.51.100.9");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::too_many_requests);
  EXPECT_THAT(messenger_.sent(), SizeIs(3));
}

TEST_P(SendGateTest, CodesThatComeBackPayForMore) {
  rules_.sending.pumping_guard = PumpingGuard::deny;
  build();
  for (int n = 0; n < 12; ++n) {
    const auto opened = start(number_text(n), "198.51.100." + std::to_string(n));
    ASSERT_TRUE(opened) << n;
    ASSERT_TRUE(check(opened->id, messenger_.code()));
  }
  EXPECT_EQ(count("SELECT count(*) FROM security_events"), 0);
  EXPECT_EQ(count("SELECT verified FROM code_send_tallies WHERE kind = 'country'"), 12);
}

TEST_P(SendGateTest, ParallelCallersDoNotOverdrawABudget) {
  rules_.sending.pumping_guard = PumpingGuard::deny;
  build();
  const auto answers = tests::in_parallel<Result<VerificationBody>>(30, 6, [&](int i) {
    return verification_->start(StartRequest{.phone_number = number(number_text(i))},
                                from("198.51.100." + std::to_string(i)));
  });
  EXPECT_LE(std::ranges::count_if(answers, [](const auto& each) { return each.has_value(); }), 3);
  EXPECT_LE(messenger_.sent().size(), 3U);
}

TEST_P(SendGateTest, FourUnprovenCountriesFromOneAddressAreTooMany) {
  rules_.sending.pumping_guard = PumpingGuard::deny;
  build();
  const auto proven = start("+14155550123");
  ASSERT_TRUE(check(proven->id, messenger_.code()));
  for (const char* phone : {"+447400123456", "+919876543210", "+34612345678"}) ASSERT_TRUE(start(phone)) << phone;
  EXPECT_EQ(start("+4915123456789").error().code, Errc::too_many_requests);
  EXPECT_THAT(rows("SELECT detail FROM security_events").get<std::string>(0, 0), HasSubstr("address_countries"));
}

// ---- the number's risk ----

class FakeRisk final : public messaging::RiskScorer {
 public:
  Task<Result<messaging::RiskReport>> assess(messaging::RiskQuestion question, Deadline) override {
    asked.push_back(std::move(question));
    co_return answer;
  }
  std::vector<messaging::RiskQuestion> asked;
  Result<messaging::RiskReport> answer;
};

TEST_P(SendGateTest, ARiskyNumberIsFlaggedOrBlockedWithoutItsScore) {
  FakeRisk risk;
  risk_ = &risk;
  build();
  risk.answer->score = 450;
  ASSERT_TRUE(start(number_text(1)));
  EXPECT_EQ(risk.asked.at(0).event, "sign-in");
  EXPECT_EQ(count("SELECT count(*) FROM security_events WHERE kind = 'risk_flag' AND decision = 'allowed'"), 1);

  risk.answer->recommendation = messaging::Recommendation::block;
  risk.answer->score = 777;
  const auto blocked = start(number_text(2));
  EXPECT_EQ(blocked.error().code, Errc::forbidden);
  EXPECT_THAT(blocked.error().detail, Not(HasSubstr("777")));
  EXPECT_EQ(count("SELECT count(*) FROM security_events WHERE kind = 'risk_block' AND decision = 'denied'"), 1);
  EXPECT_EQ(start(number_text(2)).error().code, Errc::too_many_requests) << "a score costs money, too";

  risk.answer->recommendation = messaging::Recommendation::allow;
  ASSERT_TRUE(start(number_text(3)));
  EXPECT_EQ(count("SELECT count(*) FROM security_events"), 2);
}

TEST_P(SendGateTest, WithoutAScoreTheRuleDecides) {
  FakeRisk risk;
  risk.answer = fail(Errc::unavailable, "away");
  risk_ = &risk;
  build();
  EXPECT_TRUE(start(number_text(1)));
  rules_.sending.risk_fails_open = false;
  build();
  EXPECT_EQ(start(number_text(2)).error().code, Errc::unavailable);
  EXPECT_EQ(count("SELECT count(*) FROM security_events WHERE kind = 'risk_unknown'"), 2);
}

}  // namespace
}  // namespace kriya::verification
