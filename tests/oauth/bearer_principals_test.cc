#include "oauth/bearer_principals.h"

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "crypto/jwt.h"
#include "oauth/client_credentials.h"
#include "tests/support/failing_database.h"
#include "tests/support/identity_services.h"

namespace kriya::oauth {
namespace {

using tests::soon;

/// One instance: any number of them may share a database.
struct Instance {
  Instance(tests::TestDatabase& database, const Clock& clock, bool development)
      : identity(database, clock),
        connection(database.connect()),
        clients(*connection),
        tokens(identity.keys, {.audience = "http://localhost", .demo_tokens = development}, clock),
        credentials(clients, tokens, database.metrics()),
        principals(identity.tokens, identity.validation, tokens, clients, database.metrics()) {}

  Result<http::Principal> whose(const std::string& jwt) { return run_to_completion(principals.of_bearer(jwt, soon())); }
  bool refuses(const std::string& jwt) {
    const auto found = whose(jwt);
    return !found && found.error().code == Errc::invalid_token;
  }

  tests::IdentityServices identity;
  std::unique_ptr<storage::Database> connection;
  ClientStore clients;
  ClientTokens tokens;
  ClientCredentials credentials;
  BearerPrincipals principals;
};

class BearerPrincipalsTest : public ::testing::TestWithParam<tests::Engine> {
 protected:
  BearerPrincipalsTest() { EXPECT_TRUE(run_to_completion(here_.clients.create(client_, soon()))); }

  Result<TokenAnswer> grant(TokenRequest request, bool local = false) {
    return run_to_completion(here_.credentials.grant(std::move(request), local, soon()));
  }
  TokenRequest request(std::string scope = {}) const {
    return {.grant_type = "client_credentials",
            .client_id = client_.id,
            .client_secret = Secret("kcs_one"),
            .scope = std::move(scope)};
  }
  Errc error_of(TokenRequest request, bool local = false) { return grant(std::move(request), local).error().code; }
  /// A token of ours with one claim changed, signed anew.
  std::string spoilt(const std::string& jwt, const char* claim, json::value value) const {
    json::object claims = crypto::verify_jwt(jwt, here_.identity.keys.verifying()).value();
    claims[claim] = std::move(value);
    return crypto::sign_jwt(here_.identity.keys.signing(), json::serialize(claims));
  }

  tests::FakeClock clock_;
  tests::TestDatabase database_{GetParam()};
  Instance here_{database_, clock_, true};
  Instance production_{database_, clock_, false};  // with the same key
  const Client client_{.id = new_client_id(),
                       .name = "bot",
                       .secret_hash = hash_of_secret("kcs_one"),
                       .scope = "messages:send messages:read",
                       .created_at = clock_.now()};
};

INSTANTIATE_TEST_SUITE_P(Engines, BearerPrincipalsTest, tests::every_engine(), tests::engine_name);

TEST_P(BearerPrincipalsTest, AUserTokenIsThePersonInItsSessionWithThePresentScope) {
  const auto signed_in = here_.identity.sign_in();
  ASSERT_TRUE(
      run_to_completion(here_.identity.accounts.set_scope(signed_in.user.id, "messages:send", clock_.now(), soon())));
  const auto found = here_.whose(signed_in.token);
  ASSERT_TRUE(found) << found.error().detail;
  EXPECT_EQ(found->user_id, signed_in.user.id);
  EXPECT_EQ(found->client_id, "");
  EXPECT_EQ(found->session, *here_.identity.claims(signed_in.token).session);
  EXPECT_EQ(found->scope, "messages:send");
  EXPECT_FALSE(found->demo);
}

TEST_P(BearerPrincipalsTest, ARevokedPersonIsNobodyOnEveryInstance) {
  const std::string jwt = here_.identity.sign_in().token;
  EXPECT_TRUE(production_.whose(jwt));
  ASSERT_TRUE(run_to_completion(here_.identity.validation.revoke_all(here_.identity.claims(jwt), soon())));
  EXPECT_TRUE(here_.refuses(jwt));
  EXPECT_TRUE(production_.refuses(jwt));
}

TEST_P(BearerPrincipalsTest, ATokenOfTheOriginalServiceIsNobody) {
  const auto signed_in = here_.identity.sign_in();
  json::object claims = crypto::verify_jwt(signed_in.token, here_.identity.keys.verifying()).value();
  for (const char* claim : {"aud", "sub", "jti", "sid", "token_use"}) claims.erase(claim);
  const std::string original = crypto::sign_jwt(here_.identity.keys.signing(), json::serialize(claims));
  EXPECT_TRUE(here_.identity.valid(original));
  EXPECT_TRUE(here_.refuses(original));
}

TEST_P(BearerPrincipalsTest, KnowsPeoplesTokensAndThoseOfBrowsersAndNoOtherUse) {
  const std::string jwt = here_.identity.sign_in().token;
  EXPECT_TRUE(here_.whose(spoilt(jwt, "token_use", "browser")));
  for (const json::value& use : {json::value("mcp"), json::value("client"), json::value(""), json::value(1)}) {
    EXPECT_TRUE(here_.refuses(spoilt(jwt, "token_use", use))) << use;
  }
  EXPECT_TRUE(here_.refuses(spoilt(jwt, "aud", "http://elsewhere")));
  EXPECT_TRUE(here_.refuses(jwt + "x"));
  EXPECT_TRUE(here_.refuses(""));
}

TEST_P(BearerPrincipalsTest, AClientTokenIsTheProgramWithWhatBothTokenAndClientMayDo) {
  const auto answer = grant(request("messages:read"));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->scope, "messages:read");
  const auto found = production_.whose(answer->access_token);
  ASSERT_TRUE(found) << found.error().detail;
  EXPECT_FALSE(found->user_id);
  EXPECT_EQ(found->client_id, client_.id);
  EXPECT_EQ(found->scope, "messages:read");
  EXPECT_FALSE(found->session.empty());
  constexpr storage::Statement kNarrow{storage::Use::write, "UPDATE clients SET scope = 'messages:send'"};
  ASSERT_TRUE(run_to_completion((*database_).run(kNarrow, {}, soon())));
  EXPECT_EQ(production_.whose(answer->access_token)->scope, "");
}

TEST_P(BearerPrincipalsTest, AClientTokenIsNoUserToken) {
  const std::string jwt = grant(request())->access_token;
  EXPECT_FALSE(here_.identity.validation.read(jwt));
  EXPECT_FALSE(here_.identity.valid(jwt));
}

TEST_P(BearerPrincipalsTest, ARotationKillsSecretAndTokensAtOnceOnEveryInstance) {
  const std::string jwt = grant(request())->access_token;
  ASSERT_TRUE(production_.whose(jwt));
  ASSERT_TRUE(
      run_to_completion(here_.clients.rotate(client_.id, hash_of_secret("kcs_two"), clock_.now(), soon())).value());
  EXPECT_TRUE(here_.refuses(jwt));
  EXPECT_TRUE(production_.refuses(jwt));
  EXPECT_EQ(error_of(request()), Errc::invalid_client);
  TokenRequest fresh = request();
  fresh.client_secret = Secret("kcs_two");
  EXPECT_TRUE(production_.whose(grant(fresh)->access_token));
}

TEST_P(BearerPrincipalsTest, ADeletedClientIsNobody) {
  const std::string jwt = grant(request())->access_token;
  ASSERT_TRUE(run_to_completion(here_.clients.remove(client_.id, soon())).value());
  EXPECT_TRUE(production_.refuses(jwt));
  EXPECT_EQ(error_of(request()), Errc::invalid_client);
}

TEST_P(BearerPrincipalsTest, AClientTokenLivesForOneHour) {
  const std::string jwt = grant(request())->access_token;
  clock_.advance(std::chrono::seconds(3599));
  EXPECT_TRUE(here_.whose(jwt));
  clock_.advance(std::chrono::seconds(1));
  EXPECT_TRUE(here_.refuses(jwt));
}

TEST_P(BearerPrincipalsTest, TheDemoTokenIsOfDevelopmentAlone) {
  const auto answer = grant({.blank = true}, true);
  ASSERT_TRUE(answer);
  EXPECT_FALSE(answer->scope);
  const auto found = here_.whose(answer->access_token);
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->demo);
  EXPECT_EQ(found->client_id, "test-client");
  EXPECT_EQ(found->scope, "");
  EXPECT_TRUE(production_.refuses(answer->access_token));
  EXPECT_EQ(error_of({.blank = true}, false), Errc::invalid_client);
  EXPECT_EQ(run_to_completion(production_.credentials.grant({.blank = true}, true, soon())).error().code,
            Errc::invalid_client);
}

TEST_P(BearerPrincipalsTest, GrantsAllThatTheClientHasWhenNothingIsAskedFor) {
  EXPECT_EQ(grant(request())->scope, client_.scope);
  EXPECT_EQ(grant(request("messages:read messages:send messages:read"))->scope, "messages:read messages:send");
  EXPECT_EQ(error_of(request("messages:read tool-calls:read")), Errc::invalid_scope);
  EXPECT_EQ(error_of(request(" ")), Errc::invalid_scope);
}

TEST_P(BearerPrincipalsTest, RefusesWhoeverDoesNotProveWhichClientItIs) {
  TokenRequest wrong = request();
  wrong.client_secret = Secret("kcs_two");
  EXPECT_EQ(error_of(wrong), Errc::invalid_client);
  wrong.client_secret = Secret(client_.secret_hash);  // what a stolen database would show
  EXPECT_EQ(error_of(wrong), Errc::invalid_client);
  wrong = request();
  wrong.client_id = "client_of_nobody";
  EXPECT_EQ(error_of(wrong), Errc::invalid_client);
  wrong.client_id = "test-client";
  EXPECT_EQ(error_of(wrong), Errc::invalid_client);
  wrong = request();
  wrong.grant_type.clear();
  EXPECT_EQ(error_of(wrong), Errc::invalid_request);
  wrong.grant_type = "authorization_code";
  EXPECT_EQ(error_of(wrong), Errc::unsupported_grant_type);
}

TEST_P(BearerPrincipalsTest, ADatabaseThatIsAwayIsNoVerdictOnTheToken) {
  const std::string jwt = grant(request())->access_token;
  tests::FailingDatabase away(*database_);
  away.die_after_writes(0);
  ClientStore clients(away);
  BearerPrincipals principals(here_.identity.tokens, here_.identity.validation, here_.tokens, clients,
                              database_.metrics());
  EXPECT_EQ(run_to_completion(principals.of_bearer(jwt, soon())).error().code, Errc::unavailable);
}

}  // namespace
}  // namespace kriya::oauth
