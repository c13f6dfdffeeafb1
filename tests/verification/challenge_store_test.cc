#include "verification/challenge_store.h"

#include <algorithm>
#include <array>
#include <atomic>

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

constexpr const char* kNeverRight = "0000000000";  // longer than the codes that are sent here

class GuessLimitsTest : public VerificationFixture {};

INSTANTIATE_TEST_SUITE_P(Engines, GuessLimitsTest, tests::every_engine(), tests::engine_name);

// ---- failures in a row ----

TEST_P(GuessLimitsTest, FailuresOutliveNewCodesNewChallengesAndARestart) {
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

TEST_P(GuessLimitsTest, TheHundredthFailureDisablesTheNumberUntilItIsUnlocked) {
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

TEST_P(GuessLimitsTest, StrangersWhoGuessDoNotLockTheOwnersSessionOut) {
  fail_times(10);
  const auto stranger = start();
  ASSERT_EQ(failure(stranger->id, wrong_code()), Errc::invalid_code);

  clock_.advance(seconds(31));  // past the cool-down, within the wait of 60 s
  ASSERT_EQ(start().error().code, Errc::too_many_requests);
  const auto owner = start(StartRequest{.phone_number = number(kAsha), .owner_session = "session"});
  ASSERT_TRUE(owner) << owner.error().detail;
  EXPECT_TRUE(check(owner->id, messenger_.code()));
}

TEST_P(GuessLimitsTest, AnAddressFailsSixtyTimesAnHour) {
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

TEST_P(GuessLimitsTest, RightCodesCostAnAddressNothing) {
  for (int n = 0; n < 70; ++n) {
    const auto opened = start(number_text(n), "198.51.100." + std::to_string(n));
    ASSERT_TRUE(check(opened->id, messenger_.code())) << n;
  }
}

TEST_P(GuessLimitsTest, OfTwoHundredParallelGuessesFiveAreCompared) {
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

TEST_P(GuessLimitsTest, OfParallelRightGuessesOneProves) {
  const auto opened = start();
  const std::string code = messenger_.code();
  const auto answers = tests::in_parallel<Result<Proof>>(40, 8, [&](int i) {
    return verification_->check(opened->id, code, Purpose::sign_in, "", from("198.51.100." + std::to_string(i)));
  });
  EXPECT_EQ(std::ranges::count_if(answers, [](const auto& each) { return each.has_value(); }), 1);
  EXPECT_EQ(count("SELECT count(*) FROM guess_guards"), 0);
}

TEST_P(GuessLimitsTest, ParallelGuessesOverManyChallengesStopAtTheTenthFailureOfTheNumber) {
  rules_.sending.limits.cool_downs.fill(seconds(0));
  rules_.sending.limits.per_phone_hour = rules_.sending.limits.per_phone_day = 100;
  build();
  std::vector<std::string> ids;
  for (int n = 0; n < 8; ++n) ids.push_back(start(kAsha, "198.51.100." + std::to_string(n))->id);
  const auto answers = tests::in_parallel<Result<Proof>>(40, 8, [&](int i) {
    return verification_->check(ids[static_cast<std::size_t>(i) % ids.size()], kNeverRight, Purpose::sign_in, "",
                                from("198.51.100." + std::to_string(i)));
  });
  const auto compared =
      std::ranges::count_if(answers, [](const Result<Proof>& each) { return each.error().code == Errc::invalid_code; });
  EXPECT_EQ(compared, 10);
  EXPECT_EQ(count("SELECT failures FROM guess_guards"), 10);
}

TEST_P(GuessLimitsTest, ParallelGuessesFromOneAddressStopAtSixty) {
  std::vector<std::string> ids;
  for (int n = 0; n < 16; ++n) ids.push_back(start(number_text(n))->id);
  const auto answers = tests::in_parallel<Result<Proof>>(80, 8, [&](int i) {
    return verification_->check(ids[static_cast<std::size_t>(i) % ids.size()], kNeverRight, Purpose::sign_in, "",
                                from("2001:db8::" + std::to_string(i)));  // one network
  });
  EXPECT_EQ(std::ranges::count_if(answers, [](const auto& each) { return each.error().code == Errc::invalid_code; }),
            60);
}

TEST_P(GuessLimitsTest, OfInstancesThatGuessAtTheSameMomentTheTenthFailureLocksTheOthersOut) {
  constexpr int kInstances = 4;
  constexpr int kRounds = 20;
  const Timestamp now = clock_.now();
  std::vector<std::unique_ptr<storage::Database>> databases;
  for (int i = 0; i < kInstances; ++i) databases.push_back(database_.connect());
  const auto name = [](int round, int instance) { return std::to_string(round) + "-" + std::to_string(instance); };
  const storage::Statement nine{storage::Use::write,
                                "INSERT INTO guess_guards (id, phone_hash, failures, last_guess, updated_at) "
                                "VALUES ($1, 'phone', 9, 'before', $2)"};
  ChallengeStore setup(*database_);
  for (int round = 0; round < kRounds; ++round) {
    const std::string guard = "guard" + std::to_string(round);
    ASSERT_TRUE(run_to_completion((*database_).run(nine, {guard, now}, soon())));
    for (int instance = 0; instance < kInstances; ++instance) {
      const ChallengeRow row{.id = name(round, instance),
                             .purpose = "sign_in",
                             .opened_by = "",
                             .phone_hash = "phone",
                             .guard = guard,
                             .payload = {},
                             .channel = "sms",
                             .locale = "en",
                             .created_at = now,
                             .expires_at = now + minutes(5),
                             .resend_at = now};
      ASSERT_TRUE(run_to_completion(setup.open(row, {}, soon())));
    }
  }
  std::array<std::atomic<int>, kRounds> counted{};
  tests::in_step(kInstances, kRounds, [&](int instance, int round) {
    ChallengeStore store(*databases[static_cast<std::size_t>(instance)]);
    const Guess guess{.id = "guess" + name(round, instance),
                      .challenge = name(round, instance),
                      .purpose = "sign_in",
                      .opened_by = "",
                      .address = name(round, instance),
                      .phone_masked = "",
                      .code_hash = "wrong"};
    if (run_to_completion(store.guess(guess, now, soon()))->counted) ++counted[static_cast<std::size_t>(round)];
  });
  for (const auto& each : counted) EXPECT_EQ(each, 1);
}

}  // namespace
}  // namespace kriya::verification
