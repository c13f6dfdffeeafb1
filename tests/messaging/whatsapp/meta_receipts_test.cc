#include "messaging/whatsapp/meta_receipts.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "crypto/digest.h"
#include "messaging/whatsapp/meta_codes.h"
#include "tests/support/telesign_vectors.h"

namespace kriya::messaging::whatsapp {
namespace {

using tests::text_at;
using tests::webhook;

const MetaReceipts kParser(Secret("app_secret_example"));

http::Request signed_notice(std::string_view body) {
  auto request = webhook("/webhooks/whatsapp", body);
  request.add_header("X-Hub-Signature-256", "sha256=" + hex_encode(crypto::hmac_sha256("app_secret_example", body)));
  return request;
}

std::string notice(std::string_view value) {
  return R"({"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages","value":)" +
         std::string(value) + "}]}]}";
}

TEST(MetaReceipts, AcceptTheSignaturesOfTheVectors) {
  int seen = 0;
  for (const json::value& vector : tests::telesign_vectors().at("meta_webhook_signing").as_array()) {
    const std::string body = text_at(vector.at("input"), "raw_body");
    const std::string signature = text_at(vector.at("expected"), "X-Hub-Signature-256");
    auto request = webhook("/webhooks/whatsapp", body);
    request.add_header("X-Hub-Signature-256", signature);
    EXPECT_TRUE(kParser.parse(request).has_value()) << vector.at("name");
    auto tampered = webhook("/webhooks/whatsapp", body + " ");
    tampered.add_header("X-Hub-Signature-256", signature);
    EXPECT_EQ(kParser.parse(tampered).error().code, Errc::forbidden);
    ++seen;
  }
  EXPECT_EQ(seen, 2);
}

TEST(MetaReceipts, RefuseMissingAndWrongSignatures) {
  EXPECT_EQ(kParser.parse(webhook("/webhooks/whatsapp", "{}")).error().code, Errc::forbidden);
  auto other = webhook("/webhooks/whatsapp", "{}");
  other.add_header("X-Hub-Signature-256", "sha256=" + hex_encode(crypto::hmac_sha256("another secret", "{}")));
  EXPECT_EQ(kParser.parse(other).error().code, Errc::forbidden);
  const MetaReceipts without_secret{Secret()};
  auto forged = webhook("/webhooks/whatsapp", "{}");
  forged.add_header("X-Hub-Signature-256", "sha256=" + hex_encode(crypto::hmac_sha256("", "{}")));
  EXPECT_EQ(without_secret.parse(forged).error().code, Errc::forbidden);
}

TEST(MetaReceipts, ReadEveryStatusOfEveryEntry) {
  const std::string value = R"({"statuses":[
    {"id":"wamid.A","status":"read","timestamp":"1700000000","recipient_id":"14155550123","biz_opaque_callback_data":"01939dd6-59a0-7000-8000-0123456789ab"},
    {"id":"wamid.B","status":"failed","timestamp":"1700000001","errors":[{"code":131026,"title":"Message undeliverable"}]},
    {"id":"wamid.C","status":"warning"}]})";
  const std::string body = R"({"object":"whatsapp_business_account","entry":[{"changes":[{"value":)" + value +
                           R"(},{"value":)" + value + R"(}]},{"changes":[{"value":)" + value + "}]}]}";
  const auto receipts = kParser.parse(signed_notice(body)).value();
  ASSERT_EQ(receipts.reports.size(), 6U);
  EXPECT_EQ(receipts.reports[0].status, Status::read);
  EXPECT_EQ(receipts.reports[0].reference, reference_of("wamid.A"));
  EXPECT_EQ(receipts.reports[0].at, "1700000000");
  EXPECT_EQ(receipts.reports[0].message_id->str(), "01939dd6-59a0-7000-8000-0123456789ab");
  EXPECT_EQ(receipts.reports[1].status, Status::failed);
  EXPECT_EQ(receipts.reports[1].code, "131026");
  EXPECT_EQ(receipts.reports[1].detail, "Message undeliverable");
  EXPECT_TRUE(receipts.reports[1].retryable) << "an SMS may come through";
}

TEST(MetaReceipts, ReadWhatPeopleWroteAndTakeNoButtonForIt) {
  const auto receipts = kParser
                            .parse(signed_notice(notice(R"({"messages":[
    {"from":"14155550123","id":"wamid.1","type":"text","text":{"body":"STOP"}},
    {"from":"14155550123","id":"wamid.2","type":"button","button":{"payload":"yes","text":"Yes"}},
    {"from":"14155550123","id":"wamid.3","type":"interactive","interactive":{"type":"button_reply","button_reply":{"id":"y","title":"Sure"}}},
    {"from":"14155550123","id":"wamid.4","type":"interactive","interactive":{"type":"list_reply","list_reply":{"id":"1","title":"Nine"}}},
    {"from":"14155550123","id":"wamid.5","type":"image","image":{}},
    {"from":"nobody","id":"wamid.6","type":"text","text":{"body":"hi"}}]})")))
                            .value();
  ASSERT_EQ(receipts.inbound.size(), 5U);
  EXPECT_EQ(receipts.inbound[0].from.str(), "+14155550123");
  EXPECT_EQ(receipts.inbound[0].reference, reference_of("wamid.1"));
  const char* const texts[] = {"STOP", "", "", "", ""};
  for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(receipts.inbound[i].text, texts[i]);
}

TEST(MetaReceipts, TakeOddNoticesForNothing) {
  for (const std::string& body :
       {std::string("{}"), notice("null"), notice("[]"), notice(R"({"statuses":{},"messages":[1,null,{}]})"),
        notice(R"({"statuses":[{"status":"sent"}]})"), std::string(R"({"entry":[{"changes":7}]})")}) {
    const auto receipts = kParser.parse(signed_notice(body));
    ASSERT_TRUE(receipts) << body;
    EXPECT_TRUE(receipts->reports.empty() && receipts->inbound.empty()) << body;
  }
  EXPECT_EQ(kParser.parse(signed_notice("[]")).error().code, Errc::bad_request);
  EXPECT_EQ(kParser.parse(signed_notice("{")).error().code, Errc::invalid_json);
}

}  // namespace
}  // namespace kriya::messaging::whatsapp
