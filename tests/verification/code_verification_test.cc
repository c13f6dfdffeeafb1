#include "verification/code_verification.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_clock.h"
#include "tests/support/fake_messenger.h"
#include "tests/support/in_parallel.h"
#include "tests/support/test_database.h"

namespace kriya::verification {
namespace {

using messaging::Channel;
using messaging::Status;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using tests::soon;

const Secret kMaster("a master key that is long enough for tests");
constexpr const char* kAsha = "+14155550123";

PhoneNumber number(const std::string& text) { return PhoneNumber::parse(text).value(); }

/// The n-th of many numbers.
std::string number_text(int n) { return "+1415555" + std::to_string(1000 + n); }

http::Caller from(const std::string& address) {
  return {.address = address, .user_agent = "", .request_id = "r", .deadline = soon(), .bearer = ""};
}

class CodeVerificationTest : public ::testing::TestWithParam<tests::Engine> {
 protected:
  CodeVerificationTest() { build(); }

  std::unique_ptr<CodeVerification> make(storage::Database& database) {
    return std::make_unique<CodeVerification>(
        rules_, kMaster, CodeVerification::Parts{database, messenger_, texts_, *events_, clock_, risk_, verifier_});
  }
  void build() { verification_ = make(*database_); }

  void reopen() {
    verification_.reset();
    database_.reopen();
    events_.emplace(*database_, clock_);
    build();
  }

  Result<VerificationBody> start(StartRequest request, const std::string& address = "203.0.113.7") {
    return run_to_completion(verification_->start(std::move(request), from(address)));
  }
  Result<VerificationBody> start(const std::string& phone = kAsha, const std::string& address = "203.0.113.7") {
    return start(StartRequest{.phone_number = number(phone)}, address);
  }
  Result<VerificationBody> resend(const std::string& id, std::optional<Channel> channel = {},
                                  const std::string& opened_by = "") {
    return run_to_completion(verification_->resend(id, opened_by, channel, from("203.0.113.7")));
  }
  Result<Proof> check(const std::string& id, const std::string& code, const std::string& address = "203.0.113.7",
                      Purpose purpose = Purpose::sign_in, const std::string& opened_by = "") {
    return run_to_completion(verification_->check(id, code, purpose, opened_by, from(address)));
  }
  Errc failure(const std::string& id, const std::string& code, const std::string& address = "203.0.113.7") {
    const auto answer = check(id, code, address);
    return answer ? Errc::internal : answer.error().code;
  }

  std::string wrong_code() const { return messenger_.code() == "000000" ? "000001" : "000000"; }

  /// Wrong guesses at new challenges of one number, each after its waits, until it failed so often. Afterwards no wait
  /// and no limit is left.
  void fail_times(int times) {
    std::string id;
    for (int failed = 0; failed < times; ++failed) {
      if (failed % 5 == 0 || failed >= 9) {
        clock_.advance(hours(5));
        const auto opened = start();
        ASSERT_TRUE(opened) << opened.error().detail;
        id = opened->id;
      }
      ASSERT_EQ(failure(id, wrong_code()), Errc::invalid_code) << failed;
    }
    clock_.advance(hours(5));
  }

  storage::Rows rows(const char* sql) {
    return run_to_completion((*database_).run({storage::Use::scan, sql}, {}, soon())).value();
  }
  std::int64_t count(const char* sql) { return rows(sql).get<std::int64_t>(0, 0); }

  tests::TestDatabase database_{GetParam()};
  tests::FakeClock clock_;
  tests::FakeMessenger messenger_;
  MessageTexts texts_ = MessageTexts::load({.service_name = "Kriya", .host = "id.example.com", .folder = {}}).value();
  std::optional<SecurityLog> events_{std::in_place, *database_, clock_};
  messaging::RiskScorer* risk_ = nullptr;
  messaging::CodeVerifier* verifier_ = nullptr;
  CodeVerification::Rules rules_{.sending = {.limits = {}, .pumping_guard = PumpingGuard::off}};
  std::unique_ptr<CodeVerification> verification_;
  std::string address_ = "203.0.113.7";
};

INSTANTIATE_TEST_SUITE_P(Engines, CodeVerificationTest, tests::every_engine(), tests::engine_name);

// ---- proving ----

TEST_P(CodeVerificationTest, TheCodeThatWasSentProvesTheNumberOnce) {
  const auto opened = start(StartRequest{.phone_number = number(kAsha), .payload = "profile", .languages = "es"});
  ASSERT_TRUE(opened) << opened.error().detail;
  EXPECT_EQ(opened->phone_number, number(kAsha).masked());
  EXPECT_EQ(opened->code_length, 6);
  EXPECT_EQ(opened->expires_at, clock_.now() + seconds(300));
  EXPECT_EQ(opened->resend_at, clock_.now() + seconds(30));
  const auto message = messenger_.sent().at(0);
  EXPECT_EQ(message.to.str(), kAsha);
  EXPECT_EQ(message.not_after, opened->expires_at);
  EXPECT_EQ(message.client_address, "203.0.113.7");
  EXPECT_THAT(message.content.code->text, HasSubstr("@id.example.com #" + messenger_.code()));
  EXPECT_THAT(message.content.code->text, HasSubstr("tu clave"));

  const auto proof = check(opened->id, messenger_.code());
  ASSERT_TRUE(proof) << proof.error().detail;
  EXPECT_EQ(proof->phone_number.str(), kAsha);
  EXPECT_EQ(proof->payload, "profile");
  EXPECT_EQ(failure(opened->id, messenger_.code()), Errc::verification_expired);
  EXPECT_EQ(count("SELECT count(*) FROM challenge_codes"), 0);
  EXPECT_EQ(count("SELECT count(*) FROM challenges WHERE payload IS NOT NULL"), 0);
  EXPECT_EQ(count("SELECT count(*) FROM guess_guards"), 0);
}

TEST_P(CodeVerificationTest, AcceptsACodeAsPeopleTypeIt) {
  const auto opened = start();
  std::string code = messenger_.code();
  EXPECT_TRUE(check(opened->id, " " + code.substr(0, 3) + "-" + code.substr(3) + " "));
}

TEST_P(CodeVerificationTest, AWrongCodeSaysHowManyGuessesAreLeftAndTheFifthEndsIt) {
  const auto opened = start();
  for (int left = 4; left >= 0; --left) {
    const auto answer = check(opened->id, wrong_code());
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::invalid_code);
    EXPECT_EQ(answer.error().attempts_left, left);
  }
  EXPECT_EQ(failure(opened->id, messenger_.code()), Errc::verification_expired);
  EXPECT_EQ(count("SELECT count(*) FROM challenges WHERE closed_by = 'attempts' AND payload IS NULL"), 1);
  EXPECT_EQ(count("SELECT count(*) FROM challenge_codes"), 0);
}

TEST_P(CodeVerificationTest, ACodeEndsWithItsTime) {
  const auto opened = start();
  clock_.advance(seconds(300));
  EXPECT_EQ(failure(opened->id, messenger_.code()), Errc::verification_expired);
}

TEST_P(CodeVerificationTest, AnotherPurposeAnotherOpenerAndAnUnknownIdAreAnsweredAlike) {
  const auto opened =
      start(StartRequest{.phone_number = number(kAsha), .purpose = Purpose::change_phone, .opened_by = "user:1"});
  const std::string code = messenger_.code();
  const auto foreign = check(opened->id, code, address_, Purpose::change_phone, "user:2");
  const auto purpose = check(opened->id, code, address_, Purpose::sign_in, "user:1");
  const auto unknown = check("no such id", code);
  for (const auto* each : {&foreign, &purpose, &unknown}) {
    ASSERT_FALSE(*each);
    EXPECT_EQ(each->error().code, Errc::verification_expired);
    EXPECT_EQ(each->error().detail, unknown.error().detail);
  }
  EXPECT_EQ(resend(opened->id, {}, "user:2").error().code, Errc::verification_expired);
  EXPECT_TRUE(check(opened->id, code, address_, Purpose::change_phone, "user:1"));
}

TEST_P(CodeVerificationTest, NeitherCodeNorNumberNorIdIsInTheDatabase) {
  const auto opened = start(StartRequest{.phone_number = number(kAsha), .payload = "profile"});
  (void)check(opened->id, wrong_code());
  for (const char* table : {"challenges", "challenge_codes", "guess_guards", "guess_addresses", "code_sends"}) {
    const auto all = run_to_completion(
        (*database_)
            .run({storage::Use::scan,
                  std::string(table) == "challenges"        ? "SELECT id, phone_hash, guard, payload FROM challenges"
                  : std::string(table) == "challenge_codes" ? "SELECT challenge_id, code_hash FROM challenge_codes"
                  : std::string(table) == "guess_guards"    ? "SELECT id, phone_hash, last_guess FROM guess_guards"
                  : std::string(table) == "guess_addresses" ? "SELECT address, last_guess FROM guess_addresses"
                                                            : "SELECT phone_hash, challenge_id FROM code_sends"},
                 {}, soon()));
    ASSERT_TRUE(all) << table;
    ASSERT_GT(all->size(), 0U) << table;
    for (std::size_t row = 0; row < all->size(); ++row) {
      const std::size_t columns = table == std::string("challenges") ? 4 : 2;
      for (std::size_t column = 0; column < columns; ++column) {
        const auto cell = all->get<std::string>(row, column);
        EXPECT_THAT(cell, Not(HasSubstr("4155550123"))) << table;
        EXPECT_THAT(cell, Not(HasSubstr("profile"))) << table;
        EXPECT_NE(cell, messenger_.code()) << table;
        EXPECT_NE(cell, opened->id) << table;
      }
    }
  }
}

// ---- once more ----

TEST_P(CodeVerificationTest, AResendKeepsTheEarlierCodesUnderOneCountOfGuesses) {
  const auto opened = start();
  const std::string first = messenger_.code();
  EXPECT_EQ(failure(opened->id, wrong_code()), Errc::invalid_code);
  clock_.advance(seconds(30));
  const auto again = resend(opened->id);
  ASSERT_TRUE(again) << again.error().detail;
  EXPECT_EQ(again->id, opened->id);
  EXPECT_EQ(again->expires_at, clock_.now() + seconds(300));
  EXPECT_EQ(again->resend_at, clock_.now() + seconds(60));
  const auto wrong = check(opened->id, wrong_code() == first ? "000002" : wrong_code());
  EXPECT_EQ(wrong.error().attempts_left, 3);
  EXPECT_TRUE(check(opened->id, first));
  EXPECT_EQ(resend(opened->id).error().code, Errc::verification_expired);
}

TEST_P(CodeVerificationTest, TheLastThreeCodesStayGoodEachForItsOwnTime) {
  rules_.code_life = seconds(600);
  build();
  const auto opened = start();
  std::vector<std::string> codes{messenger_.code()};
  for (const int wait : {30, 60, 120}) {
    clock_.advance(seconds(wait));
    ASSERT_TRUE(resend(opened->id));
    codes.push_back(messenger_.code());
  }
  EXPECT_EQ(failure(opened->id, codes[0]), Errc::invalid_code);
  clock_.advance(seconds(600 - 120 - 60));  // the second is 600 s old
  EXPECT_EQ(failure(opened->id, codes[1]), Errc::invalid_code);
  EXPECT_TRUE(check(opened->id, codes[2]));
}

TEST_P(CodeVerificationTest, AResendHelpsAfterTheCodeExpiredButNotForEver) {
  const auto opened = start();
  clock_.advance(seconds(600));
  const auto again = resend(opened->id);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->expires_at, opened->expires_at - seconds(300) + seconds(900));
  clock_.advance(seconds(300));
  EXPECT_EQ(resend(opened->id).error().code, Errc::verification_expired);
  EXPECT_EQ(failure(opened->id, messenger_.code()), Errc::verification_expired);
}

TEST_P(CodeVerificationTest, AResendMayTakeAnotherChannel) {
  rules_.channels = {Channel::sms, Channel::voice};
  build();
  const auto opened = start();
  EXPECT_EQ(opened->channel, Channel::sms);
  clock_.advance(seconds(30));
  EXPECT_EQ(resend(opened->id, Channel::voice)->channel, Channel::voice);
  EXPECT_THAT(messenger_.sent().back().channels, ElementsAre(Channel::voice));
  EXPECT_EQ(resend(opened->id, Channel::whatsapp).error().code, Errc::invalid_fields);
}

// ---- failures in a row ----

TEST_P(CodeVerificationTest, FailuresOutliveNewCodesNewChallengesAndARestart) {
  fail_times(9);
  reopen();
  const auto opened = start();
  ASSERT_TRUE(opened) << opened.error().detail;
  EXPECT_EQ(failure(opened->id, wrong_code()), Errc::invalid_code);  // the tenth
  const auto locked = check(opened->id, messenger_.code());
  ASSERT_FALSE(locked) << "a right code while the number waits";
  EXPECT_EQ(locked.error().code, Errc::too_many_requests);
  EXPECT_EQ(locked.error().retry_after, seconds(30));
  EXPECT_EQ(start().error().code, Errc::too_many_requests);
  EXPECT_EQ(count("SELECT count(*) FROM security_events WHERE kind = 'phone_locked'"), 1);
  clock_.advance(seconds(30));
  EXPECT_TRUE(check(opened->id, messenger_.code()));
  EXPECT_EQ(count("SELECT count(*) FROM guess_guards"), 0);
}

TEST_P(CodeVerificationTest, TheHundredthFailureDisablesTheNumberUntilItIsUnlocked) {
  fail_times(12);
  const storage::Statement raise{storage::Use::write, "UPDATE guess_guards SET failures = 99"};
  ASSERT_TRUE(run_to_completion((*database_).run(raise, {}, soon())));
  const auto opened = start();
  ASSERT_TRUE(opened);
  EXPECT_EQ(failure(opened->id, wrong_code()), Errc::invalid_code);
  EXPECT_EQ(failure(opened->id, messenger_.code()), Errc::phone_disabled);
  clock_.advance(hours(48));
  EXPECT_EQ(start().error().code, Errc::phone_disabled);
  EXPECT_EQ(count("SELECT count(*) FROM security_events WHERE kind = 'phone_disabled'"), 1);

  EXPECT_TRUE(run_to_completion(verification_->unlock(number(kAsha), soon())).value());
  EXPECT_FALSE(run_to_completion(verification_->unlock(number(kAsha), soon())).value());
  const auto after = start();
  ASSERT_TRUE(after);
  EXPECT_TRUE(check(after->id, messenger_.code()));
}

TEST_P(CodeVerificationTest, StrangersWhoGuessDoNotLockTheOwnersSessionOut) {
  fail_times(10);
  const auto stranger = start();
  ASSERT_EQ(failure(stranger->id, wrong_code()), Errc::invalid_code);

  clock_.advance(seconds(31));  // past the cool-down, within the wait of 60 s
  ASSERT_EQ(start().error().code, Errc::too_many_requests);
  const auto owner = start(StartRequest{.phone_number = number(kAsha), .owner_session = "session"});
  ASSERT_TRUE(owner) << owner.error().detail;
  EXPECT_TRUE(check(owner->id, messenger_.code()));
}

TEST_P(CodeVerificationTest, AnAddressFailsSixtyTimesAnHour) {
  int failed = 0;
  for (int n = 0; n < 12; ++n) {
    const auto opened = start(number_text(n));
    ASSERT_TRUE(opened);
    for (int guess = 0; guess < 5; ++guess, ++failed) ASSERT_EQ(failure(opened->id, wrong_code()), Errc::invalid_code);
  }
  const auto opened = start(number_text(50));
  const auto refused = check(opened->id, messenger_.code());
  EXPECT_EQ(refused.error().code, Errc::too_many_requests);
  EXPECT_EQ(refused.error().retry_after, seconds(3600));
  EXPECT_TRUE(check(opened->id, messenger_.code(), "198.51.100.1"));
}

TEST_P(CodeVerificationTest, RightCodesCostAnAddressNothing) {
  for (int n = 0; n < 70; ++n) {
    const auto opened = start(number_text(n), "198.51.100." + std::to_string(n));
    ASSERT_TRUE(check(opened->id, messenger_.code())) << n;
  }
}

TEST_P(CodeVerificationTest, OfTwoHundredParallelGuessesFiveAreCompared) {
  const auto opened = start();
  const std::string wrong = wrong_code();
  const auto other_database = database_.connect();
  const auto other = make(*other_database);
  const auto answers = tests::in_parallel<Result<Proof>>(200, 8, [&](int i) {
    CodeVerification& instance = i % 2 == 0 ? *verification_ : *other;
    return instance.check(opened->id, wrong, Purpose::sign_in, "", from("198.51.100." + std::to_string(i)));
  });
  const auto compared = std::ranges::count_if(
      answers, [](const Result<Proof>& each) { return !each && each.error().code == Errc::invalid_code; });
  const auto ended = std::ranges::count_if(
      answers, [](const Result<Proof>& each) { return !each && each.error().code == Errc::verification_expired; });
  EXPECT_EQ(compared, 5);
  EXPECT_EQ(ended, 195);
  EXPECT_EQ(count("SELECT attempts FROM challenges"), 5);
  EXPECT_EQ(count("SELECT failures FROM guess_guards"), 5);
}

TEST_P(CodeVerificationTest, OfParallelRightGuessesOneProves) {
  const auto opened = start();
  const std::string code = messenger_.code();
  const auto answers = tests::in_parallel<Result<Proof>>(40, 8, [&](int i) {
    return verification_->check(opened->id, code, Purpose::sign_in, "", from("198.51.100." + std::to_string(i)));
  });
  EXPECT_EQ(std::ranges::count_if(answers, [](const auto& each) { return each.has_value(); }), 1);
  EXPECT_EQ(count("SELECT count(*) FROM guess_guards"), 0);
}

TEST_P(CodeVerificationTest, ParallelGuessesOverManyChallengesStopAtTheTenthFailureOfTheNumber) {
  rules_.sending.limits.cool_downs.fill(seconds(0));
  rules_.sending.limits.per_phone_hour = rules_.sending.limits.per_phone_day = 100;
  build();
  std::vector<std::string> ids;
  for (int n = 0; n < 8; ++n) ids.push_back(start(kAsha, "198.51.100." + std::to_string(n))->id);
  const auto answers = tests::in_parallel<Result<Proof>>(40, 8, [&](int i) {
    return verification_->check(ids[static_cast<std::size_t>(i) % ids.size()], "x", Purpose::sign_in, "",
                                from("198.51.100." + std::to_string(i)));
  });
  const auto compared =
      std::ranges::count_if(answers, [](const Result<Proof>& each) { return each.error().code == Errc::invalid_code; });
  EXPECT_EQ(compared, 10);
  EXPECT_EQ(count("SELECT failures FROM guess_guards"), 10);
}

TEST_P(CodeVerificationTest, ParallelGuessesFromOneAddressStopAtSixty) {
  std::vector<std::string> ids;
  for (int n = 0; n < 16; ++n) ids.push_back(start(number_text(n))->id);
  const auto answers = tests::in_parallel<Result<Proof>>(80, 8, [&](int i) {
    return verification_->check(ids[static_cast<std::size_t>(i) % ids.size()], "x", Purpose::sign_in, "",
                                from("2001:db8::" + std::to_string(i)));  // one network
  });
  EXPECT_EQ(std::ranges::count_if(answers, [](const auto& each) { return each.error().code == Errc::invalid_code; }),
            60);
}

// ---- send limits ----

TEST_P(CodeVerificationTest, TheCoolDownIsSaidWithItsTime) {
  ASSERT_TRUE(start());
  const auto refused = start();
  EXPECT_EQ(refused.error().code, Errc::too_many_requests);
  EXPECT_EQ(refused.error().retry_after, seconds(30));
  EXPECT_THAT(messenger_.sent(), SizeIs(1));
  clock_.advance(seconds(30));
  EXPECT_TRUE(start());
  EXPECT_EQ(start().error().retry_after, seconds(60));
}

TEST_P(CodeVerificationTest, ANumberGetsFiveInAnHourAndTenInADay) {
  int sent = 0;
  for (int minute = 0; minute < 60; minute += 6, clock_.advance(minutes(6))) sent += start() ? 1 : 0;
  EXPECT_EQ(sent, 5);
  for (int hour = 1; hour < 12; ++hour, clock_.advance(hours(1))) sent += start() ? 1 : 0;
  EXPECT_EQ(sent, 10);
  reopen();
  EXPECT_EQ(start().error().code, Errc::too_many_requests);
  EXPECT_TRUE(start("+14155550199"));
}

TEST_P(CodeVerificationTest, ANetworkGetsTwentyInAnHour) {
  for (int n = 0; n < 20; ++n) ASSERT_TRUE(start(number_text(n), "2001:db8:0:1::" + std::to_string(n)));
  EXPECT_EQ(start(number_text(21), "2001:db8:0:1:ffff::1").error().code, Errc::too_many_requests);
  EXPECT_TRUE(start(number_text(21), "2001:db8:0:2::1"));
  clock_.advance(hours(1));
  EXPECT_TRUE(start(number_text(22), "2001:db8:0:1::1"));
}

TEST_P(CodeVerificationTest, AllInstancesTogetherKeepTheDailyCeilingInASlidingDay) {
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

TEST_P(CodeVerificationTest, ParallelStartsExceedNoLimit) {
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

TEST_P(CodeVerificationTest, WhatWasDefinitelyNotSentIsNotCounted) {
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

TEST_P(CodeVerificationTest, ALostAnswerIsCountedAndTheCodeIsGood) {
  messenger_.answer_with(Status::unknown);
  const auto opened = start();
  ASSERT_TRUE(opened);
  EXPECT_EQ(start().error().code, Errc::too_many_requests);
  EXPECT_TRUE(check(opened->id, messenger_.code()));
}

TEST_P(CodeVerificationTest, CountriesAndChannelsAreSaidInWords) {
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

TEST_P(CodeVerificationTest, ATestNumberIsNeverSentToAndKnowsItsCodeUntilItsDay) {
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

// ---- sweeping ----

TEST_P(CodeVerificationTest, SweepingErasesWhatEndedAndKeepsFailures) {
  const auto opened = start();
  ASSERT_EQ(failure(opened->id, wrong_code()), Errc::invalid_code);
  clock_.advance(minutes(16));
  ASSERT_TRUE(run_to_completion(verification_->sweep(100, soon())));
  EXPECT_EQ(count("SELECT count(*) FROM challenges WHERE payload IS NOT NULL"), 0);
  EXPECT_EQ(count("SELECT count(*) FROM challenges"), 1);
  EXPECT_EQ(count("SELECT count(*) FROM challenge_codes"), 0);
  clock_.advance(hours(25));
  ASSERT_TRUE(run_to_completion(verification_->sweep(100, soon())));
  EXPECT_EQ(count("SELECT count(*) FROM challenges"), 0);
  EXPECT_EQ(count("SELECT count(*) FROM guess_addresses"), 0);
  EXPECT_EQ(count("SELECT count(*) FROM code_sends"), 1);
  clock_.advance(hours(24 * 15));
  ASSERT_TRUE(run_to_completion(verification_->sweep(100, soon())));
  EXPECT_EQ(count("SELECT count(*) FROM code_sends"), 0);
  EXPECT_EQ(count("SELECT count(*) FROM code_send_tallies"), 0);
  EXPECT_EQ(count("SELECT failures FROM guess_guards"), 1);
  EXPECT_EQ(run_to_completion(verification_->sweep(100, soon())).value(), 0);
}

TEST_P(CodeVerificationTest, SweepingLeavesAnOpenChallengeAlone) {
  const auto opened = start();
  clock_.advance(seconds(200));
  ASSERT_TRUE(run_to_completion(verification_->sweep(100, soon())));
  EXPECT_TRUE(check(opened->id, messenger_.code()));
}

}  // namespace
}  // namespace kriya::verification
