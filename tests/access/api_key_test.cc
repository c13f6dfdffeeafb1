#include "access/api_key.h"

#include <gtest/gtest.h>

#include "access/bearer.h"

namespace kriya::access {
namespace {

struct Asked {
  http::Request request;
  http::Caller caller{.address = {},
                      .user_agent = {},
                      .request_id = {},
                      .deadline = Deadline::after(std::chrono::seconds(1)),
                      .bearer = {}};

  explicit Asked(std::string_view target = "/") { request.set_start("GET", target, 1); }
  Result<void> check(const http::AccessRule& rule) { return rule.check(request, caller); }
};

const ApiKeys kKeys({Secret("one-key"), Secret("another-key")});

TEST(RequireApiKey, TellsMissingFromWrongFromRight) {
  const auto rule = require_api_key(kKeys);
  EXPECT_EQ(Asked().check(rule).error().code, Errc::missing_api_key);
  for (const char* wrong : {"one-ke", "one-key ", "ONE-KEY", "x"}) {
    Asked asked;
    asked.request.add_header("X-API-Key", wrong);
    EXPECT_EQ(asked.check(rule).error().code, Errc::invalid_api_key) << wrong;
  }
  for (const char* right : {"one-key", "another-key"}) {
    Asked asked;
    asked.request.add_header("x-api-key", right);
    EXPECT_TRUE(asked.check(rule)) << right;
  }
}

TEST(ApiKeyOr, NamesBothWaysToARequestWithNeither) {
  const auto either = api_key_or(require_api_key(kKeys), bearer_token());
  const auto refused = Asked().check(either);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::missing_token);
  EXPECT_EQ(refused.error().detail, "Send Authorization: Bearer <token>, or X-API-Key.");
  Asked by_key, wrong_key, by_token;
  by_key.request.add_header("X-API-Key", "one-key");
  wrong_key.request.add_header("X-API-Key", "x");
  by_token.request.add_header("Authorization", "Bearer token");
  EXPECT_TRUE(by_key.check(either));
  EXPECT_EQ(wrong_key.check(either).error().code, Errc::invalid_api_key);
  EXPECT_TRUE(by_token.check(either));
}

TEST(ApiKeys, AnAcceptedKeyHasAnIdThatDoesNotTellIt) {
  for (const auto& rule : {require_api_key(kKeys), recognise_registrar(kKeys)}) {
    Asked one, again, other, wrong;
    one.request.add_header("X-API-Key", "one-key");
    again.request.add_header("X-API-Key", "one-key");
    other.request.add_header("X-API-Key", "another-key");
    wrong.request.add_header("X-API-Key", "no-key");
    for (Asked* asked : {&one, &again, &other}) ASSERT_TRUE(asked->check(rule));
    EXPECT_EQ(one.caller.api_key_id, "0ce085922a9c580b");
    EXPECT_EQ(again.caller.api_key_id, one.caller.api_key_id);
    EXPECT_NE(other.caller.api_key_id, one.caller.api_key_id);
    EXPECT_FALSE(wrong.check(rule));
    EXPECT_EQ(wrong.caller.api_key_id, "");
  }
}

TEST(RecogniseRegistrar, TrustsOnlyWhoShowsAKey) {
  const auto rule = recognise_registrar(kKeys);
  Asked nobody, stranger, registrar;
  EXPECT_TRUE(nobody.check(rule));
  EXPECT_FALSE(nobody.caller.trusted_registrar);
  stranger.request.add_header("X-API-Key", "guess");
  EXPECT_EQ(stranger.check(rule).error().code, Errc::invalid_api_key);
  registrar.request.add_header("X-API-Key", "one-key");
  EXPECT_TRUE(registrar.check(rule));
  EXPECT_TRUE(registrar.caller.trusted_registrar);
}

TEST(RecogniseRegistrar, WithNoKeysConfiguredAnyKeyIsWrong) {
  Asked asked;
  asked.request.add_header("X-API-Key", "");
  EXPECT_FALSE(asked.check(recognise_registrar(ApiKeys({}))));
}

TEST(BearerOrQueryToken, TakesTheHeaderFirst) {
  Asked asked("/?token=from-query");
  asked.request.add_header("Authorization", "bearer  from-header ");
  ASSERT_TRUE(asked.check(bearer_or_query_token()));
  EXPECT_EQ(asked.caller.bearer, "from-header");
}

TEST(BearerOrQueryToken, TakesTheQueryOnlyWithoutAHeader) {
  Asked query("/?token=from-query"), basic("/?token=from-query"), nothing, empty("/?token=");
  ASSERT_TRUE(query.check(bearer_or_query_token()));
  EXPECT_EQ(query.caller.bearer, "from-query");
  basic.request.add_header("Authorization", "Basic dTpw");
  EXPECT_EQ(basic.check(bearer_or_query_token()).error().code, Errc::invalid_token);
  EXPECT_EQ(nothing.check(bearer_or_query_token()).error().code, Errc::missing_token);
  EXPECT_EQ(empty.check(bearer_or_query_token()).error().code, Errc::missing_token);
}

}  // namespace
}  // namespace kriya::access
