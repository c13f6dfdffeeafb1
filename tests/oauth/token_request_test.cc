#include "oauth/token_request.h"

#include <optional>

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace kriya::oauth {
namespace {

constexpr const char* kForm = "application/x-www-form-urlencoded";
constexpr const char* kJson = "application/json";

struct Sent {
  std::string body = {};
  const char* type = kForm;
  std::optional<std::string> authorization = {};
  std::string target = "/auth/token";
};

Result<TokenRequest> read(const Sent& sent) {
  http::Request request;
  request.set_start("POST", sent.target, 1);
  if (!sent.body.empty()) {
    request.add_header("Content-Length", std::to_string(sent.body.size()));
    if (sent.type != nullptr) request.add_header("Content-Type", sent.type);
    request.mutable_body() = sent.body;
  }
  if (sent.authorization) request.add_header("Authorization", *sent.authorization);
  return read_token_request(request);
}

Errc error_of(const Sent& sent) {
  const auto asked = read(sent);
  EXPECT_FALSE(asked) << sent.body;
  return asked ? Errc::internal : asked.error().code;
}

std::string basic(const std::string& pair) { return "Basic " + base64_encode(pair); }

void expect_the_same(const Result<TokenRequest>& asked) {
  ASSERT_TRUE(asked) << asked.error().detail;
  EXPECT_EQ(asked->grant_type, "client_credentials");
  EXPECT_EQ(asked->client_id, "client_x");
  EXPECT_EQ(asked->client_secret.reveal(), "kcs_y:z w");
  EXPECT_EQ(asked->scope, "a:b c");
  EXPECT_FALSE(asked->blank);
}

TEST(TokenRequest, IsReadFromAFormJsonAndBasicAlike) {
  expect_the_same(
      read({.body = "grant_type=client_credentials&client_id=client_x&client_secret=kcs_y%3Az+w&scope=a%3Ab+c"}));
  expect_the_same(read({.body = R"({"grant_type": "client_credentials", "client_id": "client_x",
                                    "client_secret": "kcs_y:z w", "scope": "a:b c", "other": {"a": 1}})",
                        .type = kJson}));
  const std::string rest = "grant_type=client_credentials&scope=a:b+c";
  expect_the_same(read({.body = rest, .authorization = basic("client_x:kcs_y%3Az+w")}));
  expect_the_same(read({.body = rest, .authorization = "bASIC " + base64_encode("client%5Fx:kcs_y:z w")}));
  expect_the_same(read({.body = rest + "&client_id=client_x", .authorization = basic("client_x:kcs_y%3Az+w")}));
}

TEST(TokenRequest, IsBlankWhenNothingWasSentAtAll) {
  EXPECT_TRUE(read({})->blank);
  EXPECT_TRUE(read({.body = "{}", .type = kJson})->blank);
  EXPECT_TRUE(read({.body = "&", .type = kForm})->blank);
  EXPECT_FALSE(read({.body = R"({"x": 1})", .type = kJson})->blank);
  EXPECT_FALSE(read({.body = "client_id=", .type = kForm})->blank);
  EXPECT_FALSE(read({.authorization = basic("a:b")})->blank);
}

TEST(TokenRequest, TakesOneWayOfProofAtATime) {
  EXPECT_EQ(error_of({.body = "client_secret=b", .authorization = basic("a:b")}), Errc::invalid_request);
  EXPECT_EQ(error_of({.body = "client_id=other", .authorization = basic("a:b")}), Errc::invalid_request);
}

TEST(TokenRequest, RefusesAnythingInTheQuery) {
  EXPECT_EQ(error_of({.target = "/auth/token?client_secret=b"}), Errc::invalid_request);
  EXPECT_EQ(error_of({.body = "grant_type=x", .target = "/auth/token?x"}), Errc::invalid_request);
}

TEST(TokenRequest, RefusesMalformedBodiesInTheWordsOfOauth) {
  EXPECT_EQ(error_of({.body = "a=%"}), Errc::invalid_request);
  EXPECT_EQ(error_of({.body = "scope=a&scope=b"}), Errc::invalid_request);
  EXPECT_EQ(error_of({.body = "{", .type = kJson}), Errc::invalid_request);
  EXPECT_EQ(error_of({.body = "[]", .type = kJson}), Errc::invalid_request);
  EXPECT_EQ(error_of({.body = R"({"scope": ["a"]})", .type = kJson}), Errc::invalid_request);
  EXPECT_EQ(error_of({.body = R"({"scope": "a", "scope": "b"})", .type = kJson}), Errc::invalid_request);
  EXPECT_EQ(error_of({.body = "client_id=a%00b"}), Errc::invalid_request);
  EXPECT_EQ(error_of({.body = R"({"client_id": "\u00fc"})", .type = kJson}), Errc::invalid_request);
  EXPECT_EQ(error_of({.body = "grant_type=x", .type = "text/plain"}), Errc::unsupported_media_type);
  EXPECT_EQ(error_of({.body = "grant_type=x", .type = nullptr}), Errc::unsupported_media_type);
  const std::string detail = read({.body = "grant_type=x", .type = "text/plain"}).error().detail;
  EXPECT_NE(detail.find("application/x-www-form-urlencoded or application/json"), std::string::npos) << detail;
}

TEST(TokenRequest, ANullMemberWasNotSent) {
  const auto asked = read({.body = R"({"grant_type": "client_credentials", "scope": null})", .type = kJson});
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->scope, "");
}

TEST(TokenRequest, AnAuthorizationThatIsNoBasicCredentialProvesNothing) {
  for (const std::string bad : {"Bearer abc", "Basic", "Basic !", "Basic YWI=", "Digest x"}) {
    EXPECT_EQ(error_of({.authorization = bad}), Errc::invalid_client) << bad;
  }
  for (const std::string pair : {":", "a:", ":b", "a:%", "a%00:b", "ab"}) {
    EXPECT_EQ(error_of({.authorization = basic(pair)}), Errc::invalid_client) << pair;
  }
}

}  // namespace
}  // namespace kriya::oauth
