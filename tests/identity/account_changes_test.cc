// Proving the phone again, changing it, taking the data out, deleting the account.
#include <gtest/gtest.h>

#include "tests/support/identity_services.h"

namespace kriya::identity {
namespace {

using tests::FakeVerification;
using tests::soon;

class AccountChangesTest : public ::testing::TestWithParam<tests::Engine> {
 protected:
  Result<VerificationStarted> ask_for_change(const std::string& token, const char* number) {
    return run_to_completion(
        server_.phone_change.begin({*PhoneNumber::parse(number), std::nullopt}, server_.caller(token)));
  }
  Result<SignInAnswer> finish_change(const std::string& token, std::string id) {
    return run_to_completion(
        server_.phone_change.finish({std::move(id), FakeVerification::kCode}, server_.caller(token)));
  }
  Result<LogoutAnswer> prove_again(const std::string& token) {
    const auto begun = run_to_completion(server_.reauthentication.begin(server_.caller(token)));
    if (!begun) return fail(begun.error());
    return run_to_completion(
        server_.reauthentication.finish({begun->verification.id, FakeVerification::kCode}, server_.caller(token)));
  }
  Result<LogoutAnswer> remove(const std::string& token) {
    return run_to_completion(server_.account_data.remove(server_.claims(token), soon()));
  }

  tests::FakeClock clock_;
  tests::TestDatabase database_{GetParam()};
  tests::IdentityServices server_{database_, clock_};
  const SignInAnswer me_ = server_.sign_in();
};

INSTANTIATE_TEST_SUITE_P(Engines, AccountChangesTest, tests::every_engine(), tests::engine_name);

TEST_P(AccountChangesTest, AProofIsFreshForTenMinutesAndCanBeRenewed) {
  clock_.advance(kFreshProof - std::chrono::seconds(1));
  EXPECT_TRUE(ask_for_change(me_.token, "+14155550199"));
  clock_.advance(std::chrono::seconds(1));
  EXPECT_EQ(ask_for_change(me_.token, "+14155550199").error().code, Errc::reauthentication_required);
  EXPECT_EQ(remove(me_.token).error().code, Errc::reauthentication_required);
  ASSERT_TRUE(prove_again(me_.token));
  EXPECT_TRUE(ask_for_change(me_.token, "+14155550199"));
}

TEST_P(AccountChangesTest, TheCodeGoesToTheOwnNumberAndIsCountedForThisDevice) {
  ASSERT_TRUE(prove_again(me_.token));
  const auto asked = server_.verification.started().back();
  EXPECT_EQ(asked.phone_number.str(), "+14155550123");
  EXPECT_EQ(asked.purpose, verification::Purpose::reauthenticate);
  EXPECT_EQ(asked.owner_session, server_.claims(me_.token).session);
  EXPECT_EQ(asked.opened_by, "session:" + *server_.claims(me_.token).session);
}

TEST_P(AccountChangesTest, ASignInThatSomebodyElseVouchedForIsNoProof) {
  const auto vouched =
      run_to_completion(server_.registration.begin(tests::IdentityServices::request(), server_.caller({}, true)));
  const std::string token = std::get<SignInAnswer>(*vouched).token;
  EXPECT_EQ(remove(token).error().code, Errc::reauthentication_required);
  ASSERT_TRUE(prove_again(token));
  EXPECT_TRUE(remove(token));
}

TEST_P(AccountChangesTest, ACodeOfAnotherPersonProvesNothing) {
  const SignInAnswer other = server_.sign_in("+14155550124");
  const auto begun = run_to_completion(server_.reauthentication.begin(server_.caller(other.token)));
  const auto mine = run_to_completion(
      server_.reauthentication.finish({begun->verification.id, FakeVerification::kCode}, server_.caller(me_.token)));
  EXPECT_EQ(mine.error().code, Errc::verification_expired);
}

TEST_P(AccountChangesTest, ANewNumberEndsAllOtherSessionsAndTellsBothNumbers) {
  const SignInAnswer other_device = server_.sign_in();
  const auto begun = ask_for_change(me_.token, "+14155550199");
  const auto changed = finish_change(me_.token, begun->verification.id);
  ASSERT_TRUE(changed);
  EXPECT_EQ(changed->user.phone_number, "+14155550199");
  EXPECT_EQ(changed->user.id, me_.user.id);
  EXPECT_TRUE(server_.valid(changed->token));
  EXPECT_FALSE(server_.valid(me_.token));
  EXPECT_FALSE(server_.valid(other_device.token));
  EXPECT_FALSE(server_.renew(*other_device.refresh_token));
  EXPECT_TRUE(server_.renew(*changed->refresh_token));
  const auto told = server_.messenger.sent();
  ASSERT_EQ(told.size(), 2U);
  EXPECT_EQ(told[0].to.str(), "+14155550123");
  EXPECT_EQ(told[1].to.str(), "+14155550199");
  EXPECT_EQ(told[0].kind, "notice");
  EXPECT_EQ(server_.sign_in("+14155550199").user.id, me_.user.id);
  EXPECT_NE(server_.sign_in("+14155550123").user.id, me_.user.id);
}

TEST_P(AccountChangesTest, ANoticeThatCannotBeSentFailsNothing) {
  server_.messenger.refuse_with(Error{Errc::opted_out, "The recipient said STOP."});
  const auto begun = ask_for_change(me_.token, "+14155550199");
  EXPECT_TRUE(finish_change(me_.token, begun->verification.id));
}

TEST_P(AccountChangesTest, OnlyWhoHoldsANumberLearnsThatItIsTaken) {
  server_.sign_in("+14155550124");
  const auto begun = ask_for_change(me_.token, "+14155550124");
  ASSERT_TRUE(begun);
  EXPECT_EQ(finish_change(me_.token, begun->verification.id).error().code, Errc::conflict);
  EXPECT_TRUE(server_.valid(me_.token));
  EXPECT_TRUE(server_.messenger.sent().empty());
}

TEST_P(AccountChangesTest, ADeletedAccountIsGoneWithItsTokens) {
  ASSERT_TRUE(remove(me_.token));
  EXPECT_FALSE(server_.valid(me_.token));
  EXPECT_FALSE(server_.renew(*me_.refresh_token));
  EXPECT_NE(server_.sign_in().user.id, me_.user.id);
}

TEST_P(AccountChangesTest, TheExportHasAllThatIsStoredAndNoSecret) {
  ASSERT_TRUE(server_.renew(*me_.refresh_token));
  const auto all = run_to_completion(server_.account_data.export_all(server_.claims(me_.token), soon()));
  ASSERT_TRUE(all);
  EXPECT_EQ(all->user.phone_number, "+14155550123");
  EXPECT_EQ(all->sessions.size(), 1U);
  EXPECT_EQ(all->issued_tokens.size(), 2U);
  EXPECT_TRUE(all->messages.empty());
  const std::string text = schema::write(*all);
  EXPECT_EQ(text.find("hash"), std::string::npos);
  EXPECT_EQ(text.find(*me_.refresh_token), std::string::npos);
}

}  // namespace
}  // namespace kriya::identity
