#include "messaging/telesign/sender.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "base/text.h"
#include "runtime/io_threads.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_http_client.h"
#include "tests/support/telesign_vectors.h"

namespace kriya::messaging::telesign {
namespace {

using namespace std::chrono_literals;
using Kind = SendOutcome::Kind;

constexpr std::string_view kInProgress =
    R"({"reference_id":"ABCD","status":{"code":290,"description":"Message in progress"}})";
constexpr std::string_view kId = "01939dd6-59a0-7000-8000-0123456789ab";

class TelesignSenderTest : public testing::Test {
 protected:
  static Options options() {
    Options result;
    result.credentials = tests::telesign_credentials();
    result.base_url = "https://rest-ww.telesign.com";
    return result;
  }
  static Outgoing message(Channel channel, Content content, Purpose purpose = Purpose::transactional) {
    Outgoing result;
    result.id = *Uuid::parse(kId);
    result.to = *PhoneNumber::parse("+14155550123");
    result.channel = channel;
    result.content = std::move(content);
    result.purpose = purpose;
    return result;
  }
  static Content text(std::string words) {
    Content content;
    content.text = std::move(words);
    return content;
  }
  static Content code(std::optional<std::string> digits, std::string words, std::string locale = "en") {
    Content content;
    content.code = Code{std::move(digits), std::move(words), std::move(locale)};
    return content;
  }

  SendOutcome send(Outgoing what, SendingOptions sending = {}, Deadline deadline = Deadline::after(5s)) {
    TelesignSender sender(api, std::move(sending));
    return run_to_completion(sender.send(std::move(what), deadline));
  }
  /// The last request's form, decoded.
  std::string field(std::string_view name) const {
    http::Request request;
    request.set_start("GET", "/?" + client.requests.back().body, 1);
    return request.query_parameter(name).value_or("");
  }
  json::value body() const { return parse_json(client.requests.back().body).value(); }

  tests::FakeHttpClient client;
  tests::FakeClock clock;
  TelesignApi api{client, clock, options()};
};

TEST_F(TelesignSenderTest, SendsAnSmsSigned) {
  client.answer(200, std::string(kInProgress));
  auto outgoing = message(Channel::sms, text("Caf\u00e9 at 2:15pm"));
  outgoing.client_address = "192.0.2.1";
  const auto outcome =
      send(outgoing, {.sender_id = "Kriya", .callback_url = "https://kriya.example/webhooks/telesign"});
  EXPECT_EQ(outcome.kind, Kind::accepted);
  EXPECT_EQ(outcome.reference, "ABCD");

  const auto& request = client.requests.at(0);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "https://rest-ww.telesign.com/v1/messaging");
  EXPECT_FALSE(request.reuse_connection);
  EXPECT_EQ(field("phone_number"), "14155550123");
  EXPECT_EQ(field("message"), "Caf\u00e9 at 2:15pm");
  EXPECT_EQ(field("message_type"), "ARN");
  EXPECT_EQ(field("account_lifecycle_event"), "transact");
  EXPECT_EQ(field("external_id"), kId);
  EXPECT_EQ(field("originating_ip"), "192.0.2.1");
  EXPECT_EQ(field("sender_id"), "Kriya");
  EXPECT_EQ(field("callback_url"), "https://kriya.example/webhooks/telesign");

  EXPECT_EQ(client.header("Content-Type"), "application/x-www-form-urlencoded");
  EXPECT_EQ(client.header("Date"), "Sat, 21 Nov 2026 09:30:00 GMT");
  const Stamp stamp{client.header("Date"), client.header("x-ts-nonce")};
  const auto expected = TelesignSigner(tests::telesign_credentials())
                            .digest({"POST", "/v1/messaging", client.header("Content-Type"), request.body}, stamp);
  EXPECT_EQ(client.header("Authorization"), expected.at(0).second);
}

TEST_F(TelesignSenderTest, NeverUsesANonceTwice) {
  for (int i = 0; i < 2; ++i) {
    client.answer(200, std::string(kInProgress));
    send(message(Channel::sms, text("hi")));
  }
  const auto nonce = [&](int i) { return client.requests.at(i).headers.at(3).second; };
  EXPECT_TRUE(Uuid::parse(nonce(0)));
  EXPECT_NE(nonce(0), nonce(1));
}

TEST_F(TelesignSenderTest, SaysWhatAMessageIsFor) {
  for (const auto& [purpose, type, event] :
       {std::tuple{Purpose::code, "OTP", "sign-in"}, std::tuple{Purpose::marketing, "MKT", ""}}) {
    client.answer(200, std::string(kInProgress));
    send(message(Channel::sms, text("hi"), purpose));
    EXPECT_EQ(field("message_type"), type);
    EXPECT_EQ(field("account_lifecycle_event"), event);
  }
  EXPECT_EQ(client.requests.back().body.find("callback_url"), std::string::npos) << "only where it is configured";
}

TEST_F(TelesignSenderTest, SendsOurOwnCodeAsItsText) {
  client.answer(200, std::string(kInProgress));
  send(message(Channel::sms, code("123456", "Your code is 123456.\n\n@kriya.example #123456"), Purpose::code));
  EXPECT_EQ(client.requests.at(0).url, "https://rest-ww.telesign.com/v1/messaging");
  EXPECT_EQ(field("message"), "Your code is 123456.\n\n@kriya.example #123456");
}

TEST_F(TelesignSenderTest, LetsTelesignMakeACodeAndFindsTheReceiptByTheAddress) {
  client.answer(200, std::string(kInProgress));
  send(message(Channel::sms, code(std::nullopt, "", "hi"), Purpose::code),
       {.callback_url = "https://kriya.example/webhooks/telesign"});
  EXPECT_EQ(client.requests.at(0).url, "https://rest-ww.telesign.com/v1/verify/sms");
  EXPECT_EQ(field("language"), "hi-IN");
  EXPECT_EQ(field("verify_code"), "");
  EXPECT_EQ(field("callback_url"), "https://kriya.example/webhooks/telesign?message=" + std::string(kId));
}

TEST_F(TelesignSenderTest, SpeaksACodeWithinTheLimitsOfVerifyCode) {
  client.answer(200, R"({"reference_id":"CALL","status":{"code":103}})");
  const auto outcome = send(
      message(Channel::voice, code("120345", "Your Kriya code is 120345.\n\n@kriya.example #120345"), Purpose::code));
  EXPECT_EQ(outcome.kind, Kind::accepted);
  EXPECT_EQ(client.requests.at(0).url, "https://rest-ww.telesign.com/v1/verify/call");
  EXPECT_EQ(field("verify_code"), "20345");
  EXPECT_EQ(field("tts_message"), "Your Kriya code is 1, $$CODE$$.");
  EXPECT_EQ(field("language"), "en-US");
}

TEST(TelesignSpoken, SplitsACodeWithoutLosingADigit) {
  EXPECT_EQ(spoken("57244")->digits_before, "");
  EXPECT_EQ(spoken("57244")->code, "57244");
  EXPECT_EQ(spoken("102345")->code, "2345");  // no leading zero
  EXPECT_EQ(spoken("102345")->digits_before, "1, 0, ");
  EXPECT_EQ(spoken("012345")->code, "12345");
  EXPECT_FALSE(spoken("100000"));
  EXPECT_FALSE(spoken("12"));
}

TEST_F(TelesignSenderTest, SendsWhatsAppWithAnSmsToFallBackOn) {
  client.answer(
      200, R"({"reference_id":"OMNI","status":{"code":3001,"description":"Message in progress"},"external_id":null})");
  auto outgoing = message(Channel::whatsapp, text("H\u00e9llo"));
  outgoing.sms_instead = "By SMS, then";
  const auto outcome = send(outgoing, {.callback_url = "https://kriya.example/w"});
  EXPECT_EQ(outcome.kind, Kind::accepted);
  EXPECT_TRUE(outcome.sends_sms_itself);
  EXPECT_EQ(client.requests.at(0).url, "https://rest-ww.telesign.com/v1/omnichannel");
  EXPECT_EQ(client.header("Content-Type"), "application/json");
  EXPECT_NE(client.requests.at(0).body.find("H\u00e9llo"), std::string::npos) << "UTF-8 as it is";
  EXPECT_EQ(body(), parse_json(R"({"channels":[{"channel":"whatsapp","fallback_time":300},{"channel":"sms"}],
    "recipient":{"phone_number":"14155550123"},
    "message":{"whatsapp":{"template":"text","parameters":{"text":"H\u00e9llo"}},"sms":{"template":"text","parameters":{"text":"By SMS, then"}}},
    "message_type":"ARN","external_id":"01939dd6-59a0-7000-8000-0123456789ab","account_lifecycle_event":"transact",
    "callback_url":"https://kriya.example/w"})")
                        .value());
}

TEST_F(TelesignSenderTest, SendsNoSmsBehindWhatsAppThatNobodyAskedFor) {
  Content media;
  media.media = Media{MediaKind::image, "https://example.com/a.png", {}, {}};
  for (const Content& content : {text("hi"), media}) {
    client.answer(200, R"({"reference_id":"OMNI","status":{"code":3001}})");
    EXPECT_FALSE(send(message(Channel::whatsapp, content)).sends_sms_itself);
    EXPECT_EQ(body().at("channels"), parse_json(R"([{"channel":"whatsapp"}])").value());
    EXPECT_FALSE(body().at("message").as_object().contains("sms"));
  }
}

TEST_F(TelesignSenderTest, LeavesAnSmsToTheOutboxThatTheBodyHasNoRoomFor) {
  auto outgoing = message(Channel::whatsapp, text(std::string(9'000, 'x')));
  outgoing.sms_instead = std::string(1'600, 'y');
  client.answer(200, R"({"reference_id":"OMNI","status":{"code":3001}})");
  EXPECT_FALSE(send(outgoing).sends_sms_itself);
  EXPECT_EQ(body().at("channels").as_array().size(), 1U);
}

TEST_F(TelesignSenderTest, SendsTemplatesMediaAndCodesByWhatsApp) {
  const std::string in_progress = R"({"reference_id":"OMNI","status":{"code":3001}})";
  Content content;
  content.template_ = Template{
      "order_shipped", "en_US", {"Asha", "tomorrow"}, Media{MediaKind::image, "https://example.com/a.png", {}, {}}, {}};
  client.answer(200, in_progress);
  send(message(Channel::whatsapp, content));
  EXPECT_EQ(body().at("message"), parse_json(R"({"whatsapp":{"template":"order_shipped","parameters":
    {"header_url":"https://example.com/a.png","body_text_1":"Asha","body_text_2":"tomorrow"}}})")
                                      .value());
  EXPECT_EQ(body().at("channels").as_array().size(), 1U) << "a template has no words for an SMS";

  Content media;
  media.media = Media{MediaKind::document, "https://example.com/a.pdf", {}, "bill.pdf"};
  client.answer(200, in_progress);
  send(message(Channel::whatsapp, media));
  EXPECT_EQ(body().at("message").at("whatsapp"),
            parse_json(
                R"({"template":"file","parameters":{"header_url":"https://example.com/a.pdf","file_name":"bill.pdf"}})")
                .value());

  client.answer(200, in_progress);
  send(message(Channel::whatsapp, code("123456", "Your code is 123456."), Purpose::code),
       {.code_template = "telesign_code"});
  EXPECT_EQ(body().at("message").at("whatsapp"),
            parse_json(R"({"template":"telesign_code","parameters":{"body_text_1":"123456"}})").value());
  EXPECT_EQ(body().at("channels").at(0).at("fallback_time"), 30);
  EXPECT_EQ(body().at("message").at("sms").at("parameters").at("text"), "Your code is 123456.");
}

TEST_F(TelesignSenderTest, RefusesWhatTelesignDocumentsNoWayToSend) {
  const TelesignSender sender(api, {});
  Content buttons, list, captioned, sticker, payloads;
  buttons.buttons = Buttons{"Sure?", {{"y", "Yes"}}, {}, {}};
  list.list = List{"Pick", "Open", {{"S", {{"1", "One", {}}}}}, {}, {}};
  captioned.media = Media{MediaKind::image, "https://example.com/a.png", "look", {}};
  sticker.media = Media{MediaKind::sticker, "https://example.com/a.webp", {}, {}};
  payloads.template_ = Template{"ask", "en_US", {}, {}, std::vector<std::string>{"yes"}};
  for (const Content& content :
       {buttons, list, captioned, sticker, payloads, code("123456", "x"), text(std::string(10'000, 'x'))}) {
    EXPECT_FALSE(sender.carries(Channel::whatsapp, content));
  }
  EXPECT_FALSE(sender.carries(Channel::sms, buttons));
  EXPECT_FALSE(sender.carries(Channel::sms, text(std::string(1601, 'x'))));
  EXPECT_TRUE(sender.carries(Channel::sms, text(std::string(1600, 'x'))));
  EXPECT_FALSE(sender.carries(Channel::voice, text("hello")));
  EXPECT_TRUE(sender.carries(Channel::voice, code("123456", "x")));
  const auto outcome = send(message(Channel::whatsapp, buttons));
  EXPECT_EQ(outcome.kind, Kind::rejected);
  EXPECT_FALSE(outcome.retryable);
  EXPECT_TRUE(client.requests.empty());
}

TEST_F(TelesignSenderTest, SaysWhetherALostMessageMayBeSentAgain) {
  client.fail(true, true);
  EXPECT_EQ(send(message(Channel::sms, text("hi"))).kind, Kind::ambiguous);
  client.fail(false);
  const auto unsent = send(message(Channel::sms, text("hi")));
  EXPECT_EQ(unsent.kind, Kind::rejected);
  EXPECT_TRUE(unsent.retryable);
}

TEST_F(TelesignSenderTest, HoldsBackWhatCannotHaveItsTurnInTime) {
  auto slow = options();
  slow.messages_per_second = 1;
  TelesignApi slow_api(client, clock, slow);
  TelesignSender sender(slow_api, {});
  client.answer(200, std::string(kInProgress));
  EXPECT_EQ(run_to_completion(sender.send(message(Channel::sms, text("hi")), Deadline::after(100ms))).kind,
            Kind::accepted);
  const auto held = run_to_completion(sender.send(message(Channel::sms, text("hi")), Deadline::after(100ms)));
  EXPECT_EQ(held.kind, Kind::rejected);
  EXPECT_TRUE(held.retryable);
  EXPECT_FALSE(held.provider_down);
  EXPECT_GT(held.retry_after, 0ms);
  EXPECT_EQ(client.requests.size(), 1U);
}

TEST_F(TelesignSenderTest, WaitsForItsTurnWhereThereIsTime) {
  auto slow = options();
  slow.messages_per_second = 10;
  TelesignApi slow_api(client, clock, slow);
  TelesignSender sender(slow_api, {});
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 3; ++i) {
    client.answer(200, std::string(kInProgress));
    EXPECT_EQ(run_to_completion(sender.send(message(Channel::sms, text("hi")), Deadline::after(60s))).kind,
              Kind::accepted);
  }
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 200ms);
}

TEST_F(TelesignSenderTest, TakesBasicWhereItIsAskedTo) {
  auto basic = options();
  basic.auth = Auth::basic;
  TelesignApi basic_api(client, clock, basic);
  TelesignSender sender(basic_api, {});
  client.answer(200, std::string(kInProgress));
  run_to_completion(sender.send(message(Channel::sms, text("hi")), Deadline::after(5s)));
  const auto expected = TelesignSigner(tests::telesign_credentials()).basic("").at(0).second;
  EXPECT_EQ(client.header("Authorization"), expected);
}

class TelesignCodeVerifierTest : public TelesignSenderTest {
 protected:
  Result<CodeVerifier::Verdict> check(int status, std::string answer) {
    client.answer(status, std::move(answer));
    return run_to_completion(verifier.check("ABCDEF0123456789", "57244", Deadline::after(5s)));
  }
  TelesignCodeVerifier verifier{api};
};

TEST_F(TelesignCodeVerifierTest, AsksWithTheCodeInTheQueryWhichIsNotSigned) {
  const auto verdict = check(
      200, R"({"reference_id":"A","status":{"code":200},"verify":{"code_state":"VALID","code_entered":"57244"}})");
  EXPECT_EQ(verdict.value(), CodeVerifier::Verdict::right);
  EXPECT_EQ(client.requests.at(0).method, "GET");
  EXPECT_EQ(client.requests.at(0).url, "https://rest-ww.telesign.com/v1/verify/ABCDEF0123456789?verify_code=57244");
  const Stamp stamp{client.header("Date"), client.header("x-ts-nonce")};
  EXPECT_EQ(client.header("Authorization"), TelesignSigner(tests::telesign_credentials())
                                                .digest({"GET", "/v1/verify/ABCDEF0123456789", "", ""}, stamp)
                                                .at(0)
                                                .second);
}

TEST_F(TelesignCodeVerifierTest, TellsWrongFromExpiredFromNobodyKnows) {
  EXPECT_EQ(check(200, R"({"verify":{"code_state":"INVALID"},"status":{"code":200}})").value(),
            CodeVerifier::Verdict::wrong);
  EXPECT_EQ(check(200, R"({"verify":{"code_state":"EXPIRED"},"status":{"code":200}})").value(),
            CodeVerifier::Verdict::expired);
  EXPECT_EQ(check(404, R"({"status":{"code":599},"errors":[{"code":-10004}]})").value(),
            CodeVerifier::Verdict::expired);
  for (const char* answer : {R"({"verify":{"code_state":"UNKNOWN"},"status":{"code":290}})", R"({"verify":{}})", "",
                             R"({"verify":{"code_state":7}})"}) {
    const auto verdict = check(200, answer);
    ASSERT_FALSE(verdict) << answer;
    EXPECT_EQ(verdict.error().code, Errc::unavailable);
  }
  for (const int status : {401, 429, 503}) EXPECT_EQ(check(status, "").error().code, Errc::unavailable) << status;
  EXPECT_EQ(check(500, R"({"verify":{"code_state":"VALID"}})").error().code, Errc::unavailable)
      << "a contradiction opens no door";
}

TEST_F(TelesignCodeVerifierTest, AsksNothingForAReferenceThatIsNone) {
  const auto verdict = run_to_completion(verifier.check("../messaging/A", "57244", Deadline::after(5s)));
  EXPECT_EQ(verdict.value(), CodeVerifier::Verdict::expired);
  EXPECT_TRUE(client.requests.empty());
}

TEST_F(TelesignCodeVerifierTest, ReportsThatACodeCameBack) {
  client.answer(200, R"({"reference_id":"A","status":{"code":"1900"}})");
  EXPECT_TRUE(run_to_completion(verifier.report_completion("ABCD", Deadline::after(5s))).has_value());
  EXPECT_EQ(client.requests.at(0).method, "PUT");
  EXPECT_EQ(client.requests.at(0).url, "https://rest-ww.telesign.com/v1/verify/completion/ABCD");
  client.fail(true);
  EXPECT_FALSE(run_to_completion(verifier.report_completion("ABCD", Deadline::after(5s))).has_value());
}

}  // namespace
}  // namespace kriya::messaging::telesign
