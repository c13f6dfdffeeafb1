#include "messaging/telesign/signing.h"

#include <map>

#include <gtest/gtest.h>

#include "tests/support/telesign_vectors.h"

namespace kriya::messaging::telesign {
namespace {

using tests::telesign_vectors;
using tests::text_at;

std::map<std::string, std::string> by_name(const http::client::Headers& headers) {
  return {headers.begin(), headers.end()};
}

TelesignSigner signer_of(const json::value& input) {
  return TelesignSigner({text_at(input, "customer_id"), Secret(text_at(input, "api_key"))});
}

TEST(TelesignSigner, SignsAsTheOfficialClientDoes) {
  int digests = 0;
  for (const char* list : {"request_signing_sdk", "request_signing_upstream_tests"}) {
    for (const json::value& vector : telesign_vectors().at(list).as_array()) {
      const std::string name = text_at(vector, "name");
      const json::value& input = vector.at("input");
      const json::value& expected = vector.at("expected");
      const std::string method = text_at(input, "method"), path = text_at(input, "resource"),
                        type = text_at(input, "content_type"), body = text_at(input, "body");
      if (text_at(input, "auth_method") == "Basic") {
        const auto headers = by_name(signer_of(input).basic(type));
        EXPECT_EQ(headers.at("Authorization"), text_at(expected, "authorization")) << name;
        continue;
      }
      // The client's quirk: it signs and sends no Content-Type with PATCH.
      const SignedParts parts{method, path, type, body};
      const Stamp stamp{text_at(input, "date_header"), text_at(input, "nonce")};
      EXPECT_EQ(TelesignSigner::string_to_sign(parts, stamp), text_at(expected, "string_to_sign")) << name;
      const auto headers = by_name(signer_of(input).digest(parts, stamp));
      EXPECT_EQ(headers.at("Authorization"), text_at(expected, "authorization")) << name;
      EXPECT_EQ(headers.at("Date"), stamp.date);
      EXPECT_EQ(headers.at("x-ts-nonce"), stamp.nonce);
      EXPECT_EQ(headers.at("x-ts-auth-method"), "HMAC-SHA256");
      ++digests;
    }
  }
  EXPECT_EQ(digests, 20);
}

TEST(TelesignSigner, SignsAsTheOfficialSampleDoesWithEitherDate) {
  int seen = 0;
  for (const json::value& vector : telesign_vectors().at("request_signing_sample_code").as_array()) {
    const json::value& input = vector.at("input");
    const json::value& sent = input.at("headers");
    const std::string method = text_at(input, "method"), url = text_at(input, "url"), body = text_at(input, "body"),
                      type = text_at(sent, "Content-Type"), path = url.substr(url.find("/v1/"));
    const bool by_x_ts_date = sent.as_object().contains("x-ts-date");
    const Stamp stamp{text_at(sent, by_x_ts_date ? "x-ts-date" : "Date"), text_at(sent, "x-ts-nonce"), by_x_ts_date};
    const auto headers = by_name(signer_of(input).digest({method, path, type, body}, stamp));
    for (const auto& expected : vector.at("expected").as_object()) {
      EXPECT_EQ(headers.at(std::string(expected.key())), std::string(expected.value().as_string()))
          << vector.at("name");
      ++seen;
    }
    EXPECT_EQ(headers.contains("Date"), !by_x_ts_date);
  }
  EXPECT_GE(seen, 18);
}

TEST(TelesignSigner, RefusesAKeyThatIsNoBase64) {
  EXPECT_THROW(TelesignSigner({"customer", Secret("not base64!")}), std::runtime_error);
  EXPECT_THROW(TelesignSigner({"customer", Secret("")}), std::runtime_error);
}

TEST(TelesignSigner, SignsADifferentTextForEachByte) {
  const Stamp stamp{"Wed, 14 Dec 2016 18:20:12 GMT", "nonce"};
  const std::string one = TelesignSigner::string_to_sign({"POST", "/v1/messaging", "a/b", "x=1"}, stamp);
  EXPECT_NE(one, TelesignSigner::string_to_sign({"POST", "/v1/messaging", "a/b", "x=2"}, stamp));
  EXPECT_NE(one, TelesignSigner::string_to_sign({"POST", "/v1/other", "a/b", "x=1"}, stamp));
  EXPECT_NE(one, TelesignSigner::string_to_sign({"POST", "/v1/messaging", "a/c", "x=1"}, stamp));
}

}  // namespace
}  // namespace kriya::messaging::telesign
