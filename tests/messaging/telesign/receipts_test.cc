#include "messaging/telesign/receipts.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "crypto/digest.h"
#include "tests/support/telesign_vectors.h"

namespace kriya::messaging::telesign {
namespace {

using tests::telesign_credentials;
using tests::telesign_vectors;
using tests::text_at;
using tests::webhook;

constexpr std::string_view kOtherKey = "VGVzdCBLZXk=";

std::string signature_of(std::string_view body, const Secret& key = telesign_credentials().api_key) {
  return base64_encode(crypto::hmac_sha256(*base64_decode(key.reveal()), body));
}

http::Request signed_notice(std::string_view body, std::string_view target = "/webhooks/telesign") {
  auto request = webhook(target, body);
  const std::string authorization = "TSA " + telesign_credentials().customer_id + ":" + signature_of(body);
  request.add_header("Authorization", authorization);
  request.add_header("X-TS-Authorization", authorization);
  return request;
}

const json::value& callback(std::string_view name) {
  for (const json::value& vector : telesign_vectors().at("callback_signing").as_array()) {
    if (text_at(vector, "name") == name) return vector;
  }
  throw std::logic_error("no such vector");
}

class TelesignReceiptsTest : public testing::Test {
 protected:
  bool accepts(const http::Request& request) const {
    const auto receipts = parser.parse(request);
    if (!receipts) EXPECT_EQ(receipts.error().code, Errc::forbidden);
    return receipts.has_value();
  }
  StatusReport report(std::string_view body, std::string_view target = "/webhooks/telesign") const {
    const auto receipts = parser.parse(signed_notice(body, target)).value();
    EXPECT_EQ(receipts.reports.size(), 1U);
    EXPECT_TRUE(receipts.inbound.empty());
    return receipts.reports.at(0);
  }
  InboundMessage inbound(std::string_view body) const {
    const auto receipts = parser.parse(signed_notice(body)).value();
    EXPECT_EQ(receipts.inbound.size(), 1U);
    EXPECT_TRUE(receipts.reports.empty());
    return receipts.inbound.at(0);
  }

  const TelesignReceipts parser{telesign_credentials(), Secret(std::string(kOtherKey))};
};

TEST_F(TelesignReceiptsTest, AcceptTheSignaturesOfTheVectorsInEitherHeader) {
  for (const json::value& vector : telesign_vectors().at("callback_signing").as_array()) {
    for (const char* header : {"Authorization", "X-TS-Authorization"}) {
      auto request = webhook("/webhooks/telesign", text_at(vector.at("input"), "raw_body"));
      request.add_header(header, text_at(vector.at("expected"), "Authorization"));
      EXPECT_TRUE(accepts(request)) << vector.at("name");
    }
  }
}

TEST_F(TelesignReceiptsTest, AcceptABareSignature) {  // callback_bare_x_ts_authorization
  const auto& vector = callback("callback_sms_dlr");
  auto request = webhook("/webhooks/telesign", text_at(vector.at("input"), "raw_body"));
  request.add_header("X-TS-Authorization", text_at(vector.at("expected"), "signature"));
  EXPECT_TRUE(accepts(request));
}

TEST_F(TelesignReceiptsTest, RefuseATamperedBody) {  // callback_tampered_body
  const auto& vector = callback("callback_sms_dlr");
  std::string body = text_at(vector.at("input"), "raw_body");
  body[body.find("200")] = '3';
  auto request = webhook("/webhooks/telesign", body);
  request.add_header("Authorization", text_at(vector.at("expected"), "Authorization"));
  EXPECT_FALSE(accepts(request));
}

TEST_F(TelesignReceiptsTest, RefuseABodyThatWasWrittenAgain) {  // callback_reserialized_json
  const auto& vector = callback("callback_utf8_body");
  std::string body = text_at(vector.at("input"), "raw_body");
  const std::string_view accented = "\u00e9";
  body.replace(body.find(accented), accented.size(), "\\u00e9");
  auto request = webhook("/webhooks/telesign", body);
  request.add_header("Authorization", text_at(vector.at("expected"), "Authorization"));
  EXPECT_FALSE(accepts(request));
}

TEST_F(TelesignReceiptsTest, RefuseAnotherCustomer) {  // callback_wrong_customer_id
  const auto& vector = callback("callback_sms_dlr");
  const std::string signature = text_at(vector.at("expected"), "signature");
  for (const std::string customer : {"00000000-EEEE-DDDD-1234-AB1234567890", ""}) {
    auto request = webhook("/webhooks/telesign", text_at(vector.at("input"), "raw_body"));
    request.add_header("Authorization", "TSA " + customer + ":" + signature);
    request.add_header("X-TS-Authorization", signature);
    EXPECT_FALSE(accepts(request)) << customer;
  }
}

TEST_F(TelesignReceiptsTest, RefuseMissingBrokenAndRepeatedSignatures) {
  EXPECT_FALSE(accepts(webhook("/webhooks/telesign", "{}")));
  const std::string right = "TSA " + telesign_credentials().customer_id + ":" + signature_of("{}");
  for (const std::string& wrong :
       {std::string(), right + "=", right.substr(0, right.size() - 4), std::string("TSA "),
        "TSA " + telesign_credentials().customer_id, "Basic " + signature_of("{}"), signature_of("{ }")}) {
    auto request = webhook("/webhooks/telesign", "{}");
    request.add_header("Authorization", wrong);
    EXPECT_FALSE(accepts(request)) << wrong;
    request.add_header("X-TS-Authorization", right);
    EXPECT_FALSE(accepts(request)) << "one right, one wrong: " << wrong;
  }
  auto twice = webhook("/webhooks/telesign", "{}");
  twice.add_header("Authorization", right);
  twice.add_header("Authorization", right);
  EXPECT_FALSE(accepts(twice));
}

TEST_F(TelesignReceiptsTest, BelieveThePreviousKeyWhileKeysAreRotated) {
  auto request = webhook("/webhooks/telesign", "{}");
  request.add_header("X-TS-Authorization", signature_of("{}", Secret(std::string(kOtherKey))));
  EXPECT_TRUE(accepts(request));
  const TelesignReceipts rotated(telesign_credentials(), Secret());
  EXPECT_FALSE(rotated.parse(request).has_value());
}

TEST_F(TelesignReceiptsTest, ReadAnSmsReceipt) {
  const auto result = report(R"({"reference_id":"B5","status":{"code":"200","description":"Delivered to handset",
    "updated_on":"2022-31-03T14:05:36Z"},"additional_info":{"price":"0.01","currency":"USD","message_parts_count":"2",
    "sender_id ":"X"},"external_id":"01939dd6-59a0-7000-8000-0123456789ab"})");
  EXPECT_EQ(result.reference, "B5");
  EXPECT_EQ(result.status, Status::delivered);
  EXPECT_EQ(result.code, "200");
  EXPECT_EQ(result.at, "2022-31-03T14:05:36Z");
  EXPECT_EQ(result.cost, "0.01");
  EXPECT_EQ(result.currency, "USD");
  EXPECT_EQ(result.segments, 2);
  ASSERT_TRUE(result.message_id);
  EXPECT_EQ(result.message_id->str(), "01939dd6-59a0-7000-8000-0123456789ab");
}

TEST_F(TelesignReceiptsTest, FindOurIdInTheQueryWhereTheBodyHasNone) {
  const std::string target = "/webhooks/telesign?message=01939dd6-59a0-7000-8000-0123456789ab";
  const std::string body =
      R"({"reference_id":"B5","sub_resource":"sms","status":{"code":203},"verify":{"code_state":"UNKNOWN","code_entered":null}})";
  EXPECT_EQ(report(body, target).message_id->str(), "01939dd6-59a0-7000-8000-0123456789ab");
  EXPECT_FALSE(report(body, "/webhooks/telesign?message=nonsense").message_id);
  const std::string named =
      R"({"reference_id":"B5","status":{"code":203},"external_id":"01939dd6-59a0-7000-8000-ffffffffffff"})";
  EXPECT_EQ(report(named, target).message_id->str(), "01939dd6-59a0-7000-8000-ffffffffffff");
}

TEST_F(TelesignReceiptsTest, ReadOmnichannelAndVerifyNotices) {
  const auto read = report(R"({"reference_id":"R","external_id":null,"status":{"code":3005,"last_channel":"whatsapp"},
    "channel_status":[{"whatsapp":{"code":3005}}]})");
  EXPECT_EQ(read.status, Status::read);
  const auto failed = report(R"({"reference_id":"R","status":{"code":3055},"price":0.5,"currency":"EUR"})");
  EXPECT_EQ(failed.status, Status::failed);
  EXPECT_TRUE(failed.retryable) << "another channel may do";
  EXPECT_EQ(failed.cost, "0.5");
  EXPECT_EQ(report(R"({"reference_id":"V","state":"VERIFIED","inner_methods":[]})").status, Status::delivered);
  EXPECT_EQ(report(R"({"reference_id":"V","state":"NEW_STATE"})").status, Status::unknown);
}

TEST_F(TelesignReceiptsTest, MapWhatTheyDoNotKnowToUnknown) {
  const auto result = report(R"({"reference_id":"B5","status":{"code":291,"description":null,"updated_on":null}})");
  EXPECT_EQ(result.status, Status::unknown);
  EXPECT_EQ(result.code, "291");
  EXPECT_FALSE(result.retryable);
}

TEST_F(TelesignReceiptsTest, ReadStopFromAnSms) {
  const auto message = inbound(R"({"reference_id":"M","status":{"code":1500},"sub_resource":"mo_sms","errors":{},
    "user_response":{"sender_id":"4442","iso_country_code":"US","action":"stop","keyword":"end","phone_number":"14155550123",
    "mo_message":"End","price":"0"}})");
  EXPECT_EQ(message.from.str(), "+14155550123");
  EXPECT_EQ(message.keyword, "STOP");
  EXPECT_EQ(message.text, "End");
  EXPECT_EQ(message.reference, "M");
}

TEST_F(TelesignReceiptsTest, ReadMessagesFromWhatsApp) {
  const auto text =
      inbound(R"({"reference_id":"M","phone_number":"14155550123","waba_phone_number":"1","content":{"type":"text",
    "content":{"body":"Hello"}}})");
  EXPECT_EQ(text.text, "Hello");
  EXPECT_EQ(text.keyword, "");
  const auto stop =
      inbound(R"({"reference_id":"M","phone_number":"14155550123","sub_resource":"mo_whatsapp","content":{"type":"text",
    "end_user_action":{"postback_data\t":"1","text":"arret","action":"STOP"}}})");
  EXPECT_EQ(stop.keyword, "STOP");
  EXPECT_EQ(stop.text, "arret");
}

TEST_F(TelesignReceiptsTest, TakeNoticesOfOtherKindsForNothing) {
  for (const char* body :
       {"{}", R"({"reference_id":"T","name":"t","channel":"sms","status":{"code":3850}})",
        R"({"reference_id":"T","status":{}})", R"({"status":{"code":200}})",
        R"({"sub_resource":"mo_sms","user_response":{"phone_number":null}})", R"({"status":[1,2]})"}) {
    const auto receipts = parser.parse(signed_notice(body));
    ASSERT_TRUE(receipts) << body;
    EXPECT_TRUE(receipts->reports.empty() && receipts->inbound.empty()) << body;
  }
}

TEST_F(TelesignReceiptsTest, RefuseWhatIsNoObject) {
  EXPECT_EQ(parser.parse(signed_notice("not json")).error().code, Errc::invalid_json);
  EXPECT_EQ(parser.parse(signed_notice("[]")).error().code, Errc::bad_request);
  EXPECT_EQ(parser.parse(signed_notice("")).error().code, Errc::invalid_json);
}

}  // namespace
}  // namespace kriya::messaging::telesign
