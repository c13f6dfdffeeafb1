#include "identity/registration.h"

#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "identity/token_validation.h"
#include "tests/support/fake_clock.h"
#include "tests/support/test_database.h"

namespace kriya::identity {
namespace {

using tests::soon;

http::Caller caller(bool trusted = false) {
  return {.address = "203.0.113.7",
          .user_agent = "curl",
          .request_id = "r",
          .deadline = soon(),
          .trusted_registrar = trusted,
          .bearer = {}};
}

RegisterRequest request(const char* first_name = "Asha", const char* phone = "+1234567890") {
  return {.phone_number = *PhoneNumber::parse(phone),
          .first_name = *PersonName::parse(first_name),
          .last_name = {},
          .email = {}};
}

class RegistrationTest : public ::testing::TestWithParam<tests::Engine> {
 protected:
  Registration with(Registration::Rules rules) { return {rules, accounts_, tokens_, clock_, database_.metrics()}; }
  Result<SignInAnswer> begin(RegisterRequest body, http::Caller who = caller()) {
    return run_to_completion(open_.begin(std::move(body), std::move(who)));
  }
  ValidateAnswer validate(std::string token) {
    return run_to_completion(validation_.validate(std::move(token), soon())).value();
  }

  tests::FakeClock clock_;
  tests::TestDatabase database_{GetParam()};
  KeyRing keys_ = KeyRing::from_secrets(crypto::Algorithm::hs256, Secret(std::string(32, 'k')), {});
  AccountStore accounts_{*database_};
  UserTokens tokens_{keys_, {.audience = "http://localhost"}, clock_};
  Registration open_ = with({.verification_required = false});
  TokenValidation validation_{accounts_, tokens_, clock_, database_.metrics()};
};

INSTANTIATE_TEST_SUITE_P(Engines, RegistrationTest, tests::every_engine(), tests::engine_name);

TEST_P(RegistrationTest, MakesAnAccountAndATokenThatValidates) {
  const auto answer = begin(request());
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->message, "Registration successful");
  const ValidateAnswer valid = validate(answer->token);
  EXPECT_TRUE(valid.valid);
  EXPECT_EQ(valid.user->phone_number, "+1234567890");
}

TEST_P(RegistrationTest, RepeatRegistrationSignsInAndKeepsTheProfile) {
  const auto first = begin(request("Asha"));
  const auto again = begin(request("Mallory"));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->message, "Login successful");
  EXPECT_EQ(again->user.first_name, "Asha");
  EXPECT_EQ(again->user.id, first->user.id);
  EXPECT_NE(again->token, first->token);
}

TEST_P(RegistrationTest, TwoRacingRegistrationsMakeOneUser) {
  std::vector<std::thread> threads;
  std::mutex mutex;
  std::set<Uuid> ids;
  int registered = 0;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      const auto answer = begin(request());
      const std::scoped_lock lock(mutex);
      ASSERT_TRUE(answer) << answer.error().detail;
      ids.insert(answer->user.id);
      registered += answer->message == "Registration successful" ? 1 : 0;
      EXPECT_TRUE(validate(answer->token).valid);
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(ids.size(), 1U);
  EXPECT_EQ(registered, 1);
}

TEST_P(RegistrationTest, WithoutProofOnlyATrustedRegistrarMayRegister) {
  Registration strict = with({.verification_required = true});
  const auto refused = run_to_completion(strict.begin(request(), caller(false)));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::verification_unavailable);
  EXPECT_TRUE(run_to_completion(strict.begin(request(), caller(true))));
}

TEST_P(RegistrationTest, ARealProviderDemandsNumbersThatCanExist) {
  Registration strict = with({.verification_required = false, .demand_valid_numbers = true});
  const auto refused = run_to_completion(strict.begin(request("Asha", "+1234567890"), caller()));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::invalid_fields);
  EXPECT_EQ(refused.error().fields.front().field, "phone_number");
  EXPECT_TRUE(run_to_completion(strict.begin(request("Asha", "+919876543210"), caller())));
}

TEST_P(RegistrationTest, RecordsEachTokenByItsHashWithAddressAndAgent) {
  const auto answer = begin(request());
  const auto records = run_to_completion(accounts_.tokens_of(answer->user.id, soon())).value();
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].client_address, "203.0.113.7");
  EXPECT_EQ(records[0].user_agent, "curl");
  EXPECT_EQ(records[0].expires_at, answer->expires_at);
  EXPECT_EQ(records[0].token_hash.size(), 64U);
}

TEST_P(RegistrationTest, LogoutEndsEveryTokenAndTheNextSignInWorks) {
  const auto first = begin(request());
  const auto second = begin(request());
  const TokenClaims claims = validation_.read(second->token).value();
  ASSERT_TRUE(run_to_completion(validation_.revoke_all(claims, soon())));
  EXPECT_FALSE(validate(first->token).valid);
  EXPECT_FALSE(validate(second->token).valid);
  EXPECT_EQ(run_to_completion(validation_.revoke_all(claims, soon())).error().code, Errc::invalid_token);
  EXPECT_TRUE(validate(begin(request())->token).valid);
}

TEST_P(RegistrationTest, ADeletedUsersTokenIsDead) {
  const auto answer = begin(request());
  ASSERT_TRUE(run_to_completion(accounts_.remove(answer->user.id, soon())));
  EXPECT_FALSE(validate(answer->token).valid);
  EXPECT_EQ(validate(answer->token).message, "Invalid or expired token");
}

}  // namespace
}  // namespace kriya::identity
