#include "messaging/whatsapp/meta_sender.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "messaging/whatsapp/meta_codes.h"
#include "runtime/io_threads.h"
#include "tests/support/fake_http_client.h"

namespace kriya::messaging::whatsapp {
namespace {

using namespace std::chrono_literals;
using Kind = SendOutcome::Kind;

class MetaSenderTest : public testing::Test {
 protected:
  SendOutcome send(int status, std::string answer) {
    client.answer(status, std::move(answer));
    return send();
  }
  SendOutcome send() { return run_to_completion(sender.send(message(), Deadline::after(5s))); }
  static Outgoing message() {
    Outgoing outgoing;
    outgoing.to = *PhoneNumber::parse("+14155550123");
    outgoing.channel = Channel::whatsapp;
    outgoing.content.text = "Hello";
    return outgoing;
  }
  static std::string error(int code) {
    return R"({"error":{"message":"(#)" + std::to_string(code) + R"() Some words","code":)" + std::to_string(code) +
           "}}";
  }

  tests::FakeHttpClient client;
  MetaSender sender{client, {"https://graph.example/v25.0", "777", Secret("token"), ""}};
};

TEST_F(MetaSenderTest, PostsWithItsToken) {
  const auto outcome = send(
      200, R"({"messaging_product":"whatsapp","contacts":[{"input":"+1","wa_id":"1"}],"messages":[{"id":"wamid.A"}]})");
  EXPECT_EQ(outcome.kind, Kind::accepted);
  EXPECT_EQ(outcome.reference, reference_of("wamid.A"));
  EXPECT_EQ(client.requests.at(0).url, "https://graph.example/v25.0/777/messages");
  EXPECT_EQ(client.header("Authorization"), "Bearer token");
  EXPECT_EQ(client.header("Content-Type"), "application/json");
  EXPECT_TRUE(parse_json(client.requests.at(0).body).has_value());
}

TEST_F(MetaSenderTest, KnowsWhatMayPassLater) {
  for (const int code : {130429, 131056, 4, 80007}) {
    const auto outcome = send(400, error(code));
    EXPECT_EQ(outcome.kind, Kind::rejected) << code;
    EXPECT_TRUE(outcome.retryable) << code;
    EXPECT_FALSE(outcome.provider_down) << code;
  }
  for (const int code : {131000, 2, 131016}) EXPECT_TRUE(send(500, error(code)).retryable) << code;
  EXPECT_TRUE(send(503, error(2)).provider_down);
}

TEST_F(MetaSenderTest, KnowsWhatWillNeverPass) {
  for (const int code : {131047, 131026, 132000, 132012, 100, 131008}) {
    const auto outcome = send(400, error(code));
    EXPECT_EQ(outcome.kind, Kind::rejected) << code;
    EXPECT_FALSE(outcome.retryable) << code;
    EXPECT_FALSE(outcome.provider_down) << code;
    EXPECT_EQ(outcome.code, std::to_string(code));
    EXPECT_EQ(outcome.detail, "Some words");
  }
  const auto token = send(401, error(190));
  EXPECT_EQ(token.kind, Kind::rejected);
  EXPECT_FALSE(token.retryable);
  EXPECT_TRUE(token.provider_down);
}

TEST_F(MetaSenderTest, IsAmbiguousWhereverItMayHaveBeenSent) {
  for (const auto& outcome :
       {send(500, "<html>"), send(200, "{"), send(200, R"({"messages":[]})"), send(502, error(987654))}) {
    EXPECT_EQ(outcome.kind, Kind::ambiguous);
    EXPECT_FALSE(outcome.retryable);
  }
  client.fail(true);
  EXPECT_EQ(send().kind, Kind::ambiguous);
  client.fail(false);
  const auto unsent = send();
  EXPECT_EQ(unsent.kind, Kind::rejected);
  EXPECT_TRUE(unsent.retryable);
}

TEST_F(MetaSenderTest, CarriesWhatsAppAlone) {
  Content content;
  content.text = "Hello";
  EXPECT_TRUE(sender.carries(Channel::whatsapp, content));
  EXPECT_FALSE(sender.carries(Channel::sms, content));
  EXPECT_FALSE(sender.carries(Channel::whatsapp, Content{}));
}

}  // namespace
}  // namespace kriya::messaging::whatsapp
