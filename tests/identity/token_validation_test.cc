#include "identity/token_validation.h"

#include <gtest/gtest.h>

#include "tests/support/identity_services.h"

namespace kriya::identity {
namespace {

using tests::soon;

class TokenValidationTest : public ::testing::TestWithParam<tests::Engine> {
 protected:
  Result<http::Caller> admit(const std::string& jwt) {
    http::Request request;
    request.set_start("GET", "/", 1);
    request.add_header("Authorization", "Bearer " + jwt);
    http::Caller caller{.address = {}, .user_agent = {}, .request_id = {}, .deadline = soon(), .bearer = {}};
    return access::require_token(server_.validation).check(request, caller).map([&] { return caller; });
  }
  /// How many tokens were found good, and how many bad.
  std::pair<std::uint64_t, std::uint64_t> counted() {
    const auto total = [this](const char* valid) {
      return database_.metrics().counter("kriya_tokens_validated_total", "", {{"valid", valid}}).total();
    };
    return {total("true"), total("false")};
  }
  using Counts = std::pair<std::uint64_t, std::uint64_t>;

  tests::FakeClock clock_;
  tests::TestDatabase database_{GetParam()};
  tests::IdentityServices server_{database_, clock_};
  const SignInAnswer signed_in_ = server_.sign_in();
  const std::string jwt_ = signed_in_.token;
  const TokenClaims claims_ = server_.claims(jwt_);
};

INSTANTIATE_TEST_SUITE_P(Engines, TokenValidationTest, tests::every_engine(), tests::engine_name);

TEST_P(TokenValidationTest, TheAccessRuleTellsWhatTheTokenSays) {
  const auto caller = admit(jwt_);
  ASSERT_TRUE(caller);
  EXPECT_EQ(caller->token->user_id, signed_in_.user.id);
  EXPECT_EQ(caller->token->token_version, 0);
  const auto owner = run_to_completion(server_.validation.owner(*caller->token, soon()));
  ASSERT_TRUE(owner);
  EXPECT_EQ(owner->phone_number, "+14155550123");
}

TEST_P(TokenValidationTest, TheAccessRuleRefusesAForgedToken) {
  const auto refused = admit(jwt_ + "x");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::invalid_token);
}

TEST_P(TokenValidationTest, CountsEachTokenOnceByItsOutcome) {
  ASSERT_TRUE(admit(jwt_));
  EXPECT_EQ(counted(), Counts(0, 0));  // not known before the user's row was read
  ASSERT_TRUE(run_to_completion(server_.validation.owner(claims_, soon())));
  EXPECT_EQ(counted(), Counts(1, 0));
  TokenClaims of_another_version = claims_;
  of_another_version.token_version = 1;
  ASSERT_FALSE(run_to_completion(server_.validation.owner(of_another_version, soon())));
  EXPECT_EQ(counted(), Counts(1, 1));
  ASSERT_FALSE(admit("forged"));
  EXPECT_EQ(counted(), Counts(1, 2));
  ASSERT_TRUE(run_to_completion(server_.validation.validate(jwt_, soon()))->valid);
  EXPECT_EQ(counted(), Counts(2, 2));
  ASSERT_FALSE(run_to_completion(server_.validation.validate("forged", soon()))->valid);
  EXPECT_EQ(counted(), Counts(2, 3));
}

TEST_P(TokenValidationTest, ATokenIsDeadOnceItsSessionHasEnded) {
  const SignInAnswer other = server_.sign_in();
  ASSERT_TRUE(run_to_completion(server_.sessions.end(*claims_.session, claims_.user_id, clock_.now(), soon())).value());
  EXPECT_FALSE(server_.valid(jwt_));
  EXPECT_TRUE(server_.valid(other.token));
}

TEST_P(TokenValidationTest, ATokenIsOfTheUserWhoseSessionItNames) {
  TokenClaims mixed = server_.claims(server_.sign_in("+14155550124").token);
  mixed.session = claims_.session;
  EXPECT_EQ(run_to_completion(server_.validation.owner(mixed, soon())).error().code, Errc::invalid_token);
}

TEST_P(TokenValidationTest, ATokenWithoutASessionIsHeldToTheUsersRowAlone) {
  TokenClaims older = claims_;
  older.session = "of-a-program-that-knew-no-sessions";
  TokenClaims original = claims_;
  original.session.reset();
  EXPECT_TRUE(run_to_completion(server_.validation.owner(older, soon())));
  EXPECT_TRUE(run_to_completion(server_.validation.owner(original, soon())));
  ASSERT_TRUE(run_to_completion(server_.validation.revoke_all(claims_, soon())));
  EXPECT_FALSE(run_to_completion(server_.validation.owner(older, soon())));
  EXPECT_FALSE(run_to_completion(server_.validation.owner(original, soon())));
}

TEST_P(TokenValidationTest, ALogoutByAProgramThatKnowsNoSessionsEndsThemAllTheSame) {
  constexpr storage::Statement kOldLogout{storage::Use::write, "UPDATE users SET token_version = 1 WHERE id = $1"};
  ASSERT_TRUE(run_to_completion((*database_).run(kOldLogout, {claims_.user_id}, soon())));
  EXPECT_FALSE(server_.valid(jwt_));
  EXPECT_FALSE(server_.renew(*signed_in_.refresh_token));
}

TEST_P(TokenValidationTest, TellsWhatTheUserMayDoNow) {
  const auto may = [&] { return run_to_completion(server_.validation.holder(claims_, soon())).value().scope; };
  EXPECT_EQ(may(), "");
  ASSERT_TRUE(run_to_completion(server_.accounts.set_scope(claims_.user_id, "messages:send", clock_.now(), soon())));
  EXPECT_EQ(may(), "messages:send");
}

}  // namespace
}  // namespace kriya::identity
