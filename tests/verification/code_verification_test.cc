#include "verification/code_verification.h"

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

class CodeVerificationTest : public VerificationFixture {};

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

TEST_P(CodeVerificationTest, WhatCannotBeACodeIsRefusedAlikeForEveryIdAndCostsNothing) {
  const auto opened = start();
  for (const char* typed : {"", "abc", "12345", "12345678901", "12345a", "- -", "\xEF\xBC\x91\xEF\xBC\x92"}) {
    for (const std::string& id : {opened->id, std::string("no such id")}) {
      const auto refused = check(id, typed);
      ASSERT_FALSE(refused) << typed;
      EXPECT_EQ(refused.error().code, Errc::invalid_fields) << typed;
      ASSERT_THAT(refused.error().fields, SizeIs(1)) << typed;
      EXPECT_EQ(refused.error().fields[0].field, "code");
      EXPECT_THAT(refused.error().fields[0].message, HasSubstr("6 to 10 digits"));
    }
  }
  EXPECT_EQ(count("SELECT count(*) FROM guess_addresses"), 0);
  EXPECT_EQ(check(opened->id, wrong_code()).error().attempts_left, 4);
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

/// Counts the trips to the database.
class CountingDatabase final : public storage::Database {
 public:
  explicit CountingDatabase(storage::Database& inner) : inner_(inner) {}

  Task<Result<storage::Rows>> run(const storage::Statement& statement, std::vector<storage::Value> values,
                                  Deadline deadline) override {
    ++trips;
    return inner_.run(statement, std::move(values), deadline);
  }
  Task<Result<storage::Rows>> look_up(const storage::Statement& by_keys, storage::Value key,
                                      Deadline deadline) override {
    ++trips;
    return inner_.look_up(by_keys, std::move(key), deadline);
  }
  Task<Result<std::vector<storage::Rows>>> transact(std::vector<storage::BoundStatement> statements,
                                                    Deadline deadline) override {
    ++trips;
    return inner_.transact(std::move(statements), deadline);
  }
  int trips = 0;

 private:
  storage::Database& inner_;
};

TEST_P(CodeVerificationTest, EveryAnswerToAGuessTakesAsManyTripsToTheDatabase) {
  CountingDatabase counting(*database_);
  verification_ = make(counting);
  const auto opened = start();
  const auto trips = [&](const std::string& id, const std::string& code, Purpose purpose) {
    counting.trips = 0;
    (void)check(id, code, address_, purpose);
    return counting.trips;
  };
  const int unknown = trips("no such id", "123456", Purpose::sign_in);
  EXPECT_EQ(trips(opened->id, wrong_code(), Purpose::sign_in), unknown);
  EXPECT_EQ(trips(opened->id, messenger_.code(), Purpose::relay), unknown);
  EXPECT_EQ(trips(opened->id, messenger_.code(), Purpose::sign_in), unknown);
  EXPECT_EQ(trips(opened->id, messenger_.code(), Purpose::sign_in), unknown);
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

TEST_P(CodeVerificationTest, AChallengeEndsWithTheMasterKey) {
  const auto opened = start();
  CodeVerification other(rules_, Secret("another master key"),
                         {*database_, messenger_, texts_, *events_, clock_, risk_, verifier_});
  EXPECT_EQ(run_to_completion(other.resend(opened->id, "", {}, from(address_))).error().code,
            Errc::verification_expired);
  EXPECT_EQ(
      run_to_completion(other.check(opened->id, messenger_.code(), Purpose::sign_in, "", from(address_))).error().code,
      Errc::invalid_code);
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
