#include <algorithm>
#include <atomic>

#include <gmock/gmock.h>

#include "tests/support/in_parallel.h"
#include "tests/support/verification_fixture.h"

namespace kriya::verification {
namespace {

using std::chrono::seconds;
using ::testing::SizeIs;

/// Knows the code of each reference: its last digit is the reference's number.
class FakeVerifier final : public messaging::CodeVerifier {
 public:
  std::int64_t code_length(Channel channel) const override { return channel == Channel::voice ? 5 : 7; }
  Task<Result<Verdict>> check(std::string reference, std::string code, Deadline) override {
    ++asked;
    if (away) co_return fail(Errc::unavailable, "The provider is away.");
    co_return reference == "reference-" + code.substr(std::min<std::size_t>(code.size(), 6)) ? Verdict::right
                                                                                             : Verdict::wrong;
  }
  std::atomic<int> asked = 0;
  bool away = false;
};

class ProviderCodesTest : public VerificationFixture {
 protected:
  ProviderCodesTest() {
    verifier_ = &provider_;
    rules_.provider_codes = true;
    build();
  }
  FakeVerifier provider_;
};

INSTANTIATE_TEST_SUITE_P(Engines, ProviderCodesTest, tests::every_engine(), tests::engine_name);

TEST_P(ProviderCodesTest, TheProviderMakesAndComparesTheCode) {
  const auto opened = start(StartRequest{.phone_number = number(kAsha), .payload = "profile"});
  ASSERT_TRUE(opened) << opened.error().detail;
  EXPECT_FALSE(messenger_.sent().at(0).content.code->code);
  const auto wrong = check(opened->id, "5550002");
  EXPECT_EQ(wrong.error().code, Errc::invalid_code);
  EXPECT_EQ(wrong.error().attempts_left, 4);
  EXPECT_EQ(count("SELECT failures FROM guess_guards"), 1);
  const auto proof = check(opened->id, "5550001");
  ASSERT_TRUE(proof) << proof.error().detail;
  EXPECT_EQ(proof->payload, "profile");
  EXPECT_EQ(count("SELECT count(*) FROM guess_guards"), 0);
  EXPECT_EQ(count("SELECT count(*) FROM challenge_codes"), 0);
  EXPECT_EQ(count("SELECT failures FROM guess_addresses"), 1);
  EXPECT_EQ(failure(opened->id, "5550001"), Errc::verification_expired);
}

TEST_P(ProviderCodesTest, AResendKeepsTheEarlierCodeGood) {
  const auto opened = start();
  clock_.advance(seconds(30));
  ASSERT_TRUE(resend(opened->id));
  EXPECT_TRUE(check(opened->id, "5550001"));
}

TEST_P(ProviderCodesTest, OfParallelGuessesTheProviderHearsFive) {
  const auto opened = start();
  const auto answers = tests::in_parallel<Result<Proof>>(60, 6, [&](int i) {
    return verification_->check(opened->id, "7777777", Purpose::sign_in, "", from("198.51.100." + std::to_string(i)));
  });
  EXPECT_EQ(provider_.asked, 5);
  EXPECT_EQ(std::ranges::count_if(answers, [](const auto& each) { return each.error().code == Errc::invalid_code; }),
            5);
  EXPECT_EQ(failure(opened->id, "5550001"), Errc::verification_expired);
  EXPECT_EQ(count("SELECT count(*) FROM challenges WHERE closed_by = 'attempts' AND payload IS NULL"), 1);
}

TEST_P(ProviderCodesTest, OfParallelRightGuessesOneProves) {
  const auto opened = start();
  const auto answers = tests::in_parallel<Result<Proof>>(20, 6, [&](int i) {
    return verification_->check(opened->id, "5550001", Purpose::sign_in, "", from("198.51.100." + std::to_string(i)));
  });
  EXPECT_EQ(std::ranges::count_if(answers, [](const auto& each) { return each.has_value(); }), 1);
}

TEST_P(ProviderCodesTest, WhileTheProviderIsAwayAGuessIsCountedAndMayBeRepeated) {
  const auto opened = start();
  provider_.away = true;
  EXPECT_EQ(failure(opened->id, "5550001"), Errc::unavailable);
  provider_.away = false;
  EXPECT_TRUE(check(opened->id, "5550001"));
}

TEST_P(ProviderCodesTest, ACodeMayBeAsShortAsThoseThatTheProviderMakesForTheChannels) {
  const auto opened = start();
  EXPECT_EQ(failure(opened->id, "12345"), Errc::invalid_fields);
  EXPECT_EQ(provider_.asked, 0);
  rules_.channels = {Channel::sms, Channel::voice};
  build();
  EXPECT_EQ(failure(opened->id, "12345"), Errc::invalid_code);
  EXPECT_EQ(failure(opened->id, "1234"), Errc::invalid_fields);
  EXPECT_EQ(provider_.asked, 1);
}

TEST_P(ProviderCodesTest, ATestNumberNeedsNoProvider) {
  rules_.test_numbers.push_back({kAsha, Secret("424242")});
  rules_.test_numbers_until = clock_.now() + std::chrono::hours(1);
  build();
  const auto opened = start();
  EXPECT_TRUE(check(opened->id, "424242"));
  EXPECT_EQ(provider_.asked, 0);
  EXPECT_THAT(messenger_.sent(), SizeIs(0));
}

}  // namespace
}  // namespace kriya::verification
