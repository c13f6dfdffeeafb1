#include "identity/user_token.h"

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "crypto/jwt.h"
#include "tests/support/fake_clock.h"

namespace kriya::identity {
namespace {

const Secret kSecret("a-secret-of-more-than-thirty-two-bytes");

const std::string kSid = "x5n0Qm7Zr1kJ9vTtB3uYw8LsDgHcPaEfKjRiMoXqNbU";

class UserTokenTest : public ::testing::Test {
 protected:
  /// The claims of a good token of ours, for tests to spoil.
  json::object claims() const { return crypto::decode_without_verifying(issue(tokens_).jwt)->claims; }
  Result<TokenClaims> read(const json::object& claims) const {
    return tokens_.read(crypto::sign_jwt(keys_.signing(), json::serialize(claims)));
  }
  bool accepted(const json::object& claims) const { return read(claims).has_value(); }
  bool accepted_with(const char* claim, json::value value) const {
    json::object spoilt = claims();
    spoilt[claim] = std::move(value);
    return accepted(spoilt);
  }
  json::object original_claims() const {
    return {{"user_id", user_.id.str()},          {"phone_number", user_.phone_number}, {"token_version", 3},
            {"exp", clock_.now().seconds() + 60}, {"iat", clock_.now().seconds()},      {"iss", "kriya-auth"}};
  }

  IssuedToken issue(const UserTokens& tokens) const {
    return tokens.issue(user_, kSid, clock_.now() + std::chrono::days(90));
  }

  tests::FakeClock clock_;
  KeyRing keys_ = KeyRing::from_secrets(crypto::Algorithm::hs256, kSecret, {});
  UserTokens tokens_{keys_, {.audience = "https://id.example.com", .life = std::chrono::hours(24)}, clock_};
  User user_{.id = *Uuid::parse("017f22e2-79b0-7cc3-98c4-dc0c0c07398f"),
             .phone_number = "+14155550123",
             .first_name = "Asha",
             .last_name = {},
             .email = {},
             .token_version = 3,
             .created_at = {}};
};

TEST_F(UserTokenTest, BearsTheClaimsOfTheContract) {
  const IssuedToken issued = issue(tokens_);
  const auto token = crypto::decode_without_verifying(issued.jwt).value();
  EXPECT_EQ(json::serialize(token.header), R"({"alg":"HS256","typ":"JWT"})");
  const json::object& said = token.claims;
  EXPECT_EQ(said.at("user_id").as_string(), user_.id.str());
  EXPECT_EQ(said.at("sub"), said.at("user_id"));
  EXPECT_EQ(said.at("phone_number").as_string(), "+14155550123");
  EXPECT_EQ(said.at("token_version").as_int64(), 3);
  EXPECT_EQ(said.at("iss").as_string(), "kriya-auth");
  EXPECT_EQ(said.at("aud").as_string(), "https://id.example.com");
  EXPECT_EQ(said.at("token_use").as_string(), "user");
  EXPECT_EQ(said.at("exp").as_int64() - said.at("iat").as_int64(), 24 * 3600);
  EXPECT_EQ(said.at("exp").as_int64(), issued.expires_at.seconds());
  EXPECT_EQ(said.at("jti").as_string(), issued.record.id.str());
  EXPECT_EQ(said.at("sid").as_string(), kSid);
  EXPECT_FALSE(said.contains("scope"));
  EXPECT_EQ(issued.record.token_hash.size(), 64U);
}

TEST_F(UserTokenTest, ReadsItsOwnTokenUntilItExpires) {
  const std::string jwt = issue(tokens_).jwt;
  ASSERT_TRUE(tokens_.read(jwt));
  EXPECT_EQ(tokens_.read(jwt)->user_id, user_.id);
  clock_.advance(std::chrono::hours(24) - std::chrono::seconds(1));
  EXPECT_TRUE(tokens_.read(jwt));
  clock_.advance(std::chrono::seconds(1));
  EXPECT_FALSE(tokens_.read(jwt));
}

TEST_F(UserTokenTest, DoesNotOutliveItsSession) {
  const IssuedToken issued = tokens_.issue(user_, kSid, clock_.now() + std::chrono::minutes(5));
  EXPECT_EQ(issued.expires_at, clock_.now() + std::chrono::minutes(5));
  clock_.advance(std::chrono::minutes(5));
  EXPECT_FALSE(tokens_.read(issued.jwt));
}

TEST_F(UserTokenTest, TellsItsSessionAndWhatTheUserMayDo) {
  EXPECT_EQ(tokens_.read(issue(tokens_).jwt)->session, kSid);
  EXPECT_EQ(read(original_claims())->session, std::nullopt);
  user_.scope = "messages:send";
  EXPECT_EQ(claims().at("scope").as_string(), "messages:send");
}

TEST_F(UserTokenTest, AllowsTheConfiguredClockSkewAndNoMore) {
  const UserTokens lenient(keys_, {.audience = "https://id.example.com", .clock_skew = std::chrono::seconds(60)},
                           clock_);
  const std::string jwt = issue(lenient).jwt;
  clock_.advance(std::chrono::hours(24) + std::chrono::seconds(59));
  EXPECT_TRUE(lenient.read(jwt));
  clock_.advance(std::chrono::seconds(1));
  EXPECT_FALSE(lenient.read(jwt));
}

TEST_F(UserTokenTest, RefusesWrongOrMissingClaims) {
  ASSERT_TRUE(accepted(claims()));
  EXPECT_FALSE(accepted_with("iss", "somebody"));
  EXPECT_FALSE(accepted_with("aud", "https://other.example.com"));
  EXPECT_FALSE(accepted_with("aud", nullptr));
  EXPECT_FALSE(accepted_with("token_use", "mcp"));
  EXPECT_FALSE(accepted_with("sub", "017f22e2-79b0-7cc3-98c4-000000000000"));
  EXPECT_FALSE(accepted_with("user_id", "not-an-id"));
  EXPECT_FALSE(accepted_with("token_version", "3"));
  EXPECT_FALSE(accepted_with("token_version", 3.5));
  for (const char* claim : {"exp", "iss", "aud", "sub", "jti", "sid", "token_use", "user_id", "token_version"}) {
    json::object without = claims();
    without.erase(claim);
    EXPECT_FALSE(accepted(without)) << claim;
  }
}

TEST_F(UserTokenTest, TakesAnAudienceListThatNamesUs) {
  EXPECT_TRUE(accepted_with("aud", json::array{"x", "https://id.example.com"}));
  EXPECT_FALSE(accepted_with("aud", json::array{"x"}));
  EXPECT_FALSE(accepted_with("aud", json::array{}));
}

TEST_F(UserTokenTest, RefusesImpossibleTimes) {
  const std::int64_t now = clock_.now().seconds();
  for (const json::value& bad : {json::value("soon"), json::value(nullptr), json::value(-1), json::value(1e300),
                                 json::value(9'223'372'036'854'775'807), json::value(now)}) {
    EXPECT_FALSE(accepted_with("exp", bad)) << json::serialize(bad);
  }
  EXPECT_TRUE(accepted_with("exp", static_cast<double>(now) + 5.5));
  EXPECT_FALSE(accepted_with("nbf", now + 1));
  EXPECT_TRUE(accepted_with("nbf", now));
  EXPECT_FALSE(accepted_with("iat", now + 61));
  EXPECT_TRUE(accepted_with("iat", now + 60));
}

TEST_F(UserTokenTest, TakesTokensOfTheOriginalService) { EXPECT_TRUE(accepted(original_claims())); }

TEST_F(UserTokenTest, AnOriginalTokenWithoutAVersionHasVersionZero) {
  json::object oldest = original_claims();
  oldest.erase("token_version");
  EXPECT_EQ(read(oldest)->token_version, 0);
  EXPECT_EQ(read(oldest)->user_id, user_.id);
  oldest["token_version"] = nullptr;
  EXPECT_FALSE(accepted(oldest));
}

TEST_F(UserTokenTest, AnOriginalIntegerIdStandsForAUuid) {
  const auto id_of = [this](json::value id) -> std::string {
    json::object original = original_claims();
    original["user_id"] = std::move(id);
    const auto said = read(original);
    return said ? said->user_id.str() : "refused";
  };
  EXPECT_EQ(id_of(42), "00000000-0000-0000-0000-00000000002a");
  EXPECT_EQ(id_of("42"), "00000000-0000-0000-0000-00000000002a");
  EXPECT_EQ(id_of(0), "00000000-0000-0000-0000-000000000000");
  EXPECT_EQ(id_of(281'474'976'710'655), "00000000-0000-0000-0000-ffffffffffff");
  for (const json::value& bad :
       {json::value(-1), json::value(281'474'976'710'656), json::value(std::uint64_t{18'446'744'073'709'551'615U}),
        json::value(4.0), json::value(true), json::value(nullptr), json::value(json::array{42}), json::value(""),
        json::value("-1"), json::value("+1"), json::value("042"), json::value(" 42"), json::value("42 "),
        json::value("4.0"), json::value("0x2a"), json::value("281474976710656"), json::value("99999999999999999999")}) {
    EXPECT_EQ(id_of(bad), "refused") << json::serialize(bad);
  }
}

TEST_F(UserTokenTest, OurOwnTokensHaveNoIntegerIds) {
  json::object ours = claims();
  for (const json::value& id : {json::value(42), json::value("42")}) {
    ours["user_id"] = id;
    ours["sub"] = id;
    EXPECT_FALSE(accepted(ours)) << json::serialize(id);
  }
}

TEST_F(UserTokenTest, RefusesTokensThatAreHalfOriginal) {
  for (const char* claim : {"aud", "sub", "jti", "sid", "token_use"}) {
    json::object half = original_claims();
    half[claim] = claims().at(claim);
    EXPECT_FALSE(accepted(half)) << claim;
  }
}

TEST_F(UserTokenTest, PreviousSecretsVerifyAndNeverSign) {
  const Secret next("another-secret-of-more-than-32-bytes!!");
  const KeyRing rotated = KeyRing::from_secrets(crypto::Algorithm::hs256, next, {kSecret});
  const UserTokens tokens(rotated, {.audience = "https://id.example.com"}, clock_);
  EXPECT_TRUE(tokens.read(issue(tokens_).jwt));
  EXPECT_FALSE(tokens_.read(issue(tokens).jwt));
}

TEST_F(UserTokenTest, EveryTokenIsItsOwn) {
  const json::object one = claims(), two = claims();
  EXPECT_NE(one.at("jti"), two.at("jti"));
}

}  // namespace
}  // namespace kriya::identity
