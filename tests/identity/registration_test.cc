#include "identity/registration.h"

#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "tests/support/identity_services.h"

namespace kriya::identity {
namespace {

using tests::FakeVerification;
using tests::soon;

RegisterRequest request(const char* first_name = "Asha", const char* phone = "+1234567890") {
  return tests::IdentityServices::request(phone, first_name);
}

class RegistrationTest : public ::testing::TestWithParam<tests::Engine> {
 protected:
  /// Without proof, as the original service did.
  Result<SignInAnswer> begin(RegisterRequest body) {
    return run_to_completion(open_.registration.begin(std::move(body), open_.caller())).map([](RegisterAnswer answer) {
      return std::get<SignInAnswer>(std::move(answer));
    });
  }
  Result<RegisterAnswer> ask(RegisterRequest body, http::Caller who) {
    return run_to_completion(strict_.registration.begin(std::move(body), std::move(who)));
  }
  std::string challenge(RegisterRequest body) {
    return std::get<VerificationStarted>(ask(std::move(body), strict_.caller()).value()).verification.id;
  }
  Result<SignInAnswer> verify(std::string id, std::string code = FakeVerification::kCode) {
    return run_to_completion(strict_.registration.verify({std::move(id), std::move(code)}, strict_.caller()));
  }
  ValidateAnswer validate(std::string token) {
    return run_to_completion(open_.validation.validate(std::move(token), soon())).value();
  }

  tests::FakeClock clock_;
  tests::TestDatabase database_{GetParam()};
  tests::IdentityServices open_{database_, clock_, {.verification_required = false}};
  tests::IdentityServices strict_{database_, clock_, {.verification_required = true}};
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

TEST_P(RegistrationTest, WithoutProofOnlyATrustedRegistrarSignsIn) {
  ASSERT_TRUE(std::holds_alternative<VerificationStarted>(ask(request(), strict_.caller()).value()));
  EXPECT_FALSE(run_to_completion(strict_.accounts.find_by_phone("+1234567890", soon())).value());
  const auto trusted = ask(request(), strict_.caller({}, true));
  ASSERT_TRUE(trusted);
  const SignInAnswer answer = std::get<SignInAnswer>(*trusted);
  EXPECT_TRUE(strict_.valid(answer.token));
  EXPECT_EQ(answer.refresh_token, std::nullopt);
  EXPECT_EQ(strict_.verification.unlocked(), std::vector<std::string>{"+1234567890"});
}

TEST_P(RegistrationTest, TheCodeMakesTheAccountWithTheProfileThatWasGiven) {
  RegisterRequest asked = request();
  asked.last_name = *PersonName::parse("Rao");
  const std::string id = challenge(asked);
  EXPECT_EQ(verify(id, "000000").error().code, Errc::invalid_code);
  const auto answer = verify(id);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->message, "Registration successful");
  EXPECT_EQ(answer->user.last_name, "Rao");
  ASSERT_TRUE(answer->refresh_token);
  EXPECT_EQ(answer->refresh_token->size(), 43U);  // 256 bits
  EXPECT_TRUE(strict_.valid(answer->token));
  EXPECT_EQ(verify(id).error().code, Errc::verification_expired);
}

TEST_P(RegistrationTest, TheCodeSignsAKnownNumberInAndKeepsItsProfile) {
  ASSERT_TRUE(begin(request("Asha")));
  const auto answer = verify(challenge(request("Mallory")));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->message, "Login successful");
  EXPECT_EQ(answer->user.first_name, "Asha");
}

TEST_P(RegistrationTest, WhatIsAskedOfVerificationIsTheSameForKnownAndUnknownNumbers) {
  ASSERT_TRUE(begin(request("Asha", "+14155550111")));
  challenge(request("Mallory", "+14155550111"));
  challenge(request("Mallory", "+14155550112"));
  const auto asked = strict_.verification.started();
  ASSERT_EQ(asked.size(), 2U);
  EXPECT_EQ(asked[0].payload, asked[1].payload);
  EXPECT_EQ(asked[0].user_id, std::nullopt);
  EXPECT_EQ(asked[0].owner_session, std::nullopt);
}

TEST_P(RegistrationTest, ADeviceOfTheNumbersOwnerIsKnownByItsTokens) {
  const SignInAnswer owner = verify(challenge(request())).value();
  const std::string session = *strict_.claims(owner.token).session;
  const auto recognised = [&](RegisterRequest body, std::string bearer) {
    http::Caller who = strict_.caller();
    who.bearer = std::move(bearer);
    EXPECT_TRUE(ask(std::move(body), std::move(who)));
    return strict_.verification.started().back().owner_session;
  };
  RegisterRequest with_refresh = request();
  with_refresh.refresh_token = owner.refresh_token;
  EXPECT_EQ(recognised(with_refresh, ""), session);
  EXPECT_EQ(recognised(request(), owner.token), session);
  EXPECT_EQ(recognised(request("Asha", "+14155550111"), owner.token), std::nullopt);
  EXPECT_EQ(recognised(request(), "forged"), std::nullopt);
  with_refresh.refresh_token = "forged";
  EXPECT_EQ(recognised(with_refresh, ""), std::nullopt);
  with_refresh.refresh_token = owner.refresh_token;
  ASSERT_TRUE(strict_.renew(*owner.refresh_token));
  EXPECT_EQ(recognised(with_refresh, ""), std::nullopt);  // it is spent
  ASSERT_TRUE(run_to_completion(strict_.validation.revoke_all(strict_.claims(owner.token), soon())));
  EXPECT_EQ(recognised(request(), owner.token), std::nullopt);
}

TEST_P(RegistrationTest, ResendsToWhoeverHoldsTheId) {
  const std::string id = challenge(request());
  const auto again =
      run_to_completion(strict_.registration.resend({id, verification::Channel::voice}, strict_.caller()));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->verification.id, id);
  EXPECT_EQ(again->verification.channel, verification::Channel::voice);
  EXPECT_EQ(run_to_completion(strict_.registration.resend({"another", {}}, strict_.caller())).error().code,
            Errc::verification_expired);
}

TEST_P(RegistrationTest, ARealProviderDemandsNumbersThatCanExist) {
  tests::IdentityServices real(database_, clock_, {.verification_required = false, .demand_valid_numbers = true});
  const auto refused = run_to_completion(real.registration.begin(request("Asha", "+1234567890"), real.caller()));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::invalid_fields);
  EXPECT_EQ(refused.error().fields.front().field, "phone_number");
  EXPECT_TRUE(run_to_completion(real.registration.begin(request("Asha", "+919876543210"), real.caller())));
}

TEST_P(RegistrationTest, RecordsEachTokenByItsHashWithAddressAndAgent) {
  const auto answer = begin(request());
  const auto records = run_to_completion(open_.accounts.tokens_of(answer->user.id, soon())).value();
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].client_address, "203.0.113.7");
  EXPECT_EQ(records[0].user_agent, "curl");
  EXPECT_EQ(records[0].expires_at, answer->expires_at);
  EXPECT_EQ(records[0].token_hash.size(), 64U);
}

TEST_P(RegistrationTest, LogoutEndsEveryTokenAndTheNextSignInWorks) {
  const auto first = begin(request());
  const auto second = begin(request());
  const TokenClaims claims = open_.validation.read(second->token).value();
  ASSERT_TRUE(run_to_completion(open_.validation.revoke_all(claims, soon())));
  EXPECT_FALSE(validate(first->token).valid);
  EXPECT_FALSE(validate(second->token).valid);
  EXPECT_EQ(run_to_completion(open_.validation.revoke_all(claims, soon())).error().code, Errc::invalid_token);
  EXPECT_TRUE(validate(begin(request())->token).valid);
}

TEST_P(RegistrationTest, ASignInWithoutProofIsASessionThatEndsWithItsToken) {
  const auto answer = begin(request());
  const auto sessions = run_to_completion(open_.sessions.of_user(answer->user.id, soon())).value();
  ASSERT_EQ(sessions.size(), 1U);
  EXPECT_EQ(sessions[0].id, open_.claims(answer->token).session);
  EXPECT_EQ(sessions[0].expires_at, answer->expires_at);
  EXPECT_EQ(sessions[0].proven_at, std::nullopt);
  EXPECT_EQ(answer->refresh_token, std::nullopt);
}

TEST_P(RegistrationTest, ADeletedUsersTokenIsDead) {
  const auto answer = begin(request());
  ASSERT_TRUE(run_to_completion(open_.accounts.remove(answer->user.id, soon())));
  EXPECT_FALSE(validate(answer->token).valid);
  EXPECT_EQ(validate(answer->token).message, "Invalid or expired token");
}

}  // namespace
}  // namespace kriya::identity
