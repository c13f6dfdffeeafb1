#include "oauth/client_tokens.h"

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "crypto/jwt.h"
#include "identity/claims.h"
#include "tests/support/fake_clock.h"

namespace kriya::oauth {
namespace {

constexpr const char* kAudience = "https://id.example.com";

class ClientTokensTest : public ::testing::Test {
 protected:
  json::object claims() const { return crypto::verify_jwt(tokens_.issue(client_, "a b"), keys_.verifying()).value(); }
  bool accepted_with(const char* claim, json::value value) const {
    json::object spoilt = claims();
    spoilt[claim] = std::move(value);
    return tokens_.read(spoilt).has_value();
  }
  bool accepted_without(const char* claim) const {
    json::object spoilt = claims();
    spoilt.erase(claim);
    return tokens_.read(spoilt).has_value();
  }

  tests::FakeClock clock_;
  identity::KeyRing keys_ =
      identity::KeyRing::from_secrets(crypto::Algorithm::hs256, Secret("a-secret-of-more-than-thirty-two-bytes"), {});
  ClientTokens tokens_{keys_, {.audience = kAudience}, clock_};
  ClientTokens of_development_{keys_, {.audience = kAudience, .demo_tokens = true}, clock_};
  Client client_{.id = "client_0n5pPZ3W1tq3uHh0s1Fv2A",
                 .name = "bot",
                 .secret_hash = "hash",
                 .scope = "a b c",
                 .version = 7,
                 .created_at = {}};
};

TEST_F(ClientTokensTest, BearsTheClaimsOfTheContractForOneHour) {
  const json::object said = claims();
  EXPECT_EQ(said.at("sub").as_string(), client_.id);
  EXPECT_EQ(said.at("client_id").as_string(), client_.id);
  EXPECT_EQ(said.at("iss").as_string(), "kriya-auth");
  EXPECT_EQ(said.at("aud").as_string(), kAudience);
  EXPECT_EQ(said.at("token_use").as_string(), "client");
  EXPECT_EQ(said.at("scope").as_string(), "a b");
  EXPECT_EQ(said.at("iat").as_int64(), clock_.now().seconds());
  EXPECT_EQ(said.at("exp").as_int64(), clock_.now().seconds() + 3600);
  EXPECT_FALSE(said.at("jti").as_string().empty());
  EXPECT_NE(said.at("jti"), claims().at("jti"));
}

TEST_F(ClientTokensTest, ReadsWhatItWrote) {
  const auto said = tokens_.read(claims());
  ASSERT_TRUE(said);
  EXPECT_EQ(said->client_id, client_.id);
  EXPECT_EQ(said->version, 7);
  EXPECT_EQ(said->scope, "a b");
  EXPECT_FALSE(said->demo);
}

TEST_F(ClientTokensTest, RefusesClaimsOfAnotherAudienceOrUseOrHalfOfThem) {
  EXPECT_TRUE(accepted_with("jti", "x"));
  EXPECT_FALSE(accepted_with("aud", "https://other.example.com"));
  EXPECT_FALSE(accepted_with("token_use", "user"));
  EXPECT_FALSE(accepted_with("token_use", "mcp"));
  EXPECT_FALSE(accepted_with("sub", "client_another"));
  EXPECT_FALSE(accepted_with("client_version", "7"));
  EXPECT_FALSE(accepted_with("client_id", 7));
  for (const char* claim : {"aud", "token_use", "sub", "client_id", "jti", "scope", "client_version"}) {
    EXPECT_FALSE(accepted_without(claim)) << claim;
  }
}

TEST_F(ClientTokensTest, TheDemoTokenIsOfTestUserByTestClientAndMayDoNothingSpecial) {
  const auto claims = crypto::verify_jwt(of_development_.issue_demo(), keys_.verifying()).value();
  EXPECT_EQ(claims.at("sub").as_string(), "test-user");
  EXPECT_EQ(claims.at("client_id").as_string(), "test-client");
  EXPECT_EQ(claims.at("scope").as_string(), "");
  EXPECT_EQ(claims.at("exp").as_int64() - claims.at("iat").as_int64(), 3600);
  const auto said = of_development_.read(claims);
  ASSERT_TRUE(said);
  EXPECT_TRUE(said->demo);
}

TEST_F(ClientTokensTest, ProductionNeitherMakesNorTakesADemoTokenThoughItsKeySignedIt) {
  EXPECT_THROW(static_cast<void>(tokens_.issue_demo()), std::logic_error);
  json::object claims = crypto::verify_jwt(of_development_.issue_demo(), keys_.verifying()).value();
  EXPECT_FALSE(tokens_.read(claims));
  claims["client_version"] = 0;
  claims["sub"] = "test-client";
  EXPECT_FALSE(tokens_.read(claims));
  EXPECT_FALSE(of_development_.read(claims));
}

TEST_F(ClientTokensTest, ADemoTokenWithAScopeIsForged) {
  json::object claims = crypto::verify_jwt(of_development_.issue_demo(), keys_.verifying()).value();
  claims["scope"] = "messages:send";
  EXPECT_FALSE(of_development_.read(claims));
}

}  // namespace
}  // namespace kriya::oauth
