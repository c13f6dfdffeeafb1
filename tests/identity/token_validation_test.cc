#include "identity/token_validation.h"

#include <gtest/gtest.h>

#include "tests/support/fake_clock.h"
#include "tests/support/test_database.h"

namespace kriya::identity {
namespace {

using tests::soon;

class TokenValidationTest : public ::testing::TestWithParam<tests::Engine> {
 protected:
  TokenValidationTest() {
    const IssuedToken token = tokens_.issue(user_);
    jwt_ = token.jwt;
    EXPECT_TRUE(run_to_completion(accounts_.create(user_, token.record, soon())).value());
  }

  Result<http::Caller> admit(const std::string& jwt) {
    http::Request request;
    request.set_start("GET", "/", 1);
    request.add_header("Authorization", "Bearer " + jwt);
    http::Caller caller{.address = {}, .user_agent = {}, .request_id = {}, .deadline = soon(), .bearer = {}};
    return require_user_token(validation_).check(request, caller).map([&] { return caller; });
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
  KeyRing keys_ = KeyRing::from_secrets(crypto::Algorithm::hs256, Secret(std::string(32, 'k')), {});
  AccountStore accounts_{*database_};
  UserTokens tokens_{keys_, {.audience = "http://localhost"}, clock_};
  TokenValidation validation_{accounts_, tokens_, clock_, database_.metrics()};
  User user_{.id = *Uuid::parse("017f22e2-79b0-7cc3-98c4-dc0c0c07398f"),
             .phone_number = "+14155550123",
             .first_name = "Asha",
             .last_name = {},
             .email = {},
             .token_version = 0,
             .created_at = clock_.now()};
  std::string jwt_;
};

INSTANTIATE_TEST_SUITE_P(Engines, TokenValidationTest, tests::every_engine(), tests::engine_name);

TEST_P(TokenValidationTest, TheAccessRuleTellsWhatTheTokenSays) {
  const auto caller = admit(jwt_);
  ASSERT_TRUE(caller);
  EXPECT_EQ(caller->token->user_id, user_.id);
  EXPECT_EQ(caller->token->token_version, 0);
  const auto owner = run_to_completion(validation_.owner(*caller->token, soon()));
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
  ASSERT_TRUE(run_to_completion(validation_.owner({user_.id, 0}, soon())));
  EXPECT_EQ(counted(), Counts(1, 0));
  ASSERT_FALSE(run_to_completion(validation_.owner({user_.id, 1}, soon())));
  EXPECT_EQ(counted(), Counts(1, 1));
  ASSERT_FALSE(admit("forged"));
  EXPECT_EQ(counted(), Counts(1, 2));
  ASSERT_TRUE(run_to_completion(validation_.validate(jwt_, soon()))->valid);
  EXPECT_EQ(counted(), Counts(2, 2));
  ASSERT_FALSE(run_to_completion(validation_.validate("forged", soon()))->valid);
  EXPECT_EQ(counted(), Counts(2, 3));
}

}  // namespace
}  // namespace kriya::identity
