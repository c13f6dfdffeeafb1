#include "messaging/messaging_endpoints.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "messaging/outbox.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_message_sender.h"
#include "tests/support/master_key.h"
#include "tests/support/test_database.h"

namespace kriya::messaging {
namespace {

using http::Caller;
using http::Method;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using tests::FakeMessageSender;

const Uuid kUser = *Uuid::parse("019aa5f4-7c00-7a3e-9d53-0d5c1b2e4f60");

class FakeNumbers final : public NumberLookup, public RiskScorer {
 public:
  Task<Result<NumberReport>> look_up(PhoneNumber number, std::vector<std::string> addons, Deadline) override {
    asked = addons;
    NumberReport report;
    report.phone_number = number.str();
    co_return report;
  }
  Task<Result<RiskReport>> assess(RiskQuestion question, Deadline) override {
    asked = {question.event, question.client_address};
    co_return RiskReport{question.number.str(), "fake", 120, "low", Recommendation::allow, {}, {}};
  }
  std::vector<std::string> asked;
};

http::AccessRule anybody() {
  return {.check = [](const http::Request&, Caller&) -> Result<void> { return {}; }};
}

class MessagingEndpointsTest : public ::testing::Test {
 protected:
  MessagingEndpointsTest() { add_messaging_endpoints(router_, {anybody(), anybody(), anybody()}, service_); }

  static Caller as_key(std::string id) {
    return {.address = "203.0.113.7",
            .user_agent = {},
            .request_id = "r",
            .deadline = tests::soon(),
            .api_key_id = std::move(id),
            .bearer = {}};
  }
  static Caller as_user(const Uuid& id) {
    Caller caller = as_key("");
    caller.token.emplace().user_id = id;
    return caller;
  }

  http::Response ask(Method method, const std::string& target, const std::string& body, Caller caller) {
    http::Request request;
    request.set_start(http::name(method), target, 1);
    if (!body.empty()) {
      request.add_header("Content-Type", "application/json");
      request.add_header("Content-Length", std::to_string(body.size()));
      request.mutable_body() = body;
    }
    auto match = router_.find(method, request.path());
    EXPECT_NE(match.route, nullptr) << target;
    caller.path_parameters = std::move(match.parameters);
    return run_to_completion(match.route->run(request, caller));
  }
  http::Response post(const std::string& target, const std::string& body, Caller caller = as_key("shop")) {
    return ask(Method::post, target, body, std::move(caller));
  }
  http::Response get(const std::string& target, Caller caller = as_key("shop")) {
    return ask(Method::get, target, "", std::move(caller));
  }
  static json::object object_of(const http::Response& response) { return parse_json(response.body)->as_object(); }
  static std::string id_of(const http::Response& accepted) {
    return std::string(object_of(accepted).at("record").at("id").as_string());
  }
  static std::vector<std::string> bad_fields(const http::Response& response) {
    std::vector<std::string> fields;
    const json::object problem = object_of(response);  // outlives the loop
    for (const json::value& one : problem.at("errors").as_array()) {
      fields.emplace_back(one.at("field").as_string());
    }
    return fields;
  }

  tests::FakeClock clock_;
  tests::TestDatabase database_{tests::Engine::sqlite};
  FakeMessageSender sms_;
  FakeMessageSender whatsapp_{"fake-whatsapp", {Channel::whatsapp}};
  FakeNumbers numbers_;
  Outbox outbox_{{.database = *database_,
                  .master = tests::kMaster,
                  .senders = {&sms_, &whatsapp_},
                  .luck = [] { return 1.0; },
                  .clock = clock_,
                  .log = database_.log(),
                  .metrics = database_.metrics()}};
  MessageService service_{outbox_, outbox_.store(), PhoneHash(tests::kMaster), &numbers_, &numbers_};
  http::Router router_;
};

constexpr const char* kSms = R"({"phone_number": "+14155550123", "message": "The parcel is here"})";

TEST_F(MessagingEndpointsTest, SendsAnSmsAndAnswersWithItsRecord) {
  const auto response = post("/api/sms/send", kSms);
  EXPECT_EQ(response.status, 202) << response.body;
  EXPECT_EQ(object_of(response).at("record").at("status"), "accepted");
  EXPECT_THAT(response.body, Not(HasSubstr("4155550123")));
  EXPECT_THAT(response.body, Not(HasSubstr("parcel")));
  ASSERT_EQ(sms_.sent().size(), 1U);
  EXPECT_EQ(sms_.sent()[0].content.text, "The parcel is here");
  const auto record = get("/api/messages/" + id_of(response));
  EXPECT_EQ(record.status, 200);
  EXPECT_EQ(object_of(record).at("provider_reference"), "ref-1");
}

TEST_F(MessagingEndpointsTest, NamesEveryBadFieldAndWritesNothing) {
  EXPECT_THAT(bad_fields(post("/api/sms/send", R"({"phone_number": "1", "message": 1})")),
              ElementsAre("phone_number", "message"));
  const auto empty = post("/api/sms/send", R"({"phone_number": "+14155550123", "message": ""})");
  EXPECT_EQ(empty.status, 422);
  EXPECT_THAT(bad_fields(empty), ElementsAre("message"));
  EXPECT_THAT(bad_fields(post("/api/whatsapp/send", R"({"phone_number": "+14155550123", "text": "a",
                                "media": {"kind": "image", "url": "http://x"}, "fallback_sms": ""})")),
              ElementsAre("text", "media.url", "fallback_sms"));
  EXPECT_TRUE(object_of(get("/api/messages")).at("messages").as_array().empty());
  EXPECT_TRUE(sms_.sent().empty());
}

TEST_F(MessagingEndpointsTest, SendsWhatsAppAndFallsBackToAnSmsOfItsOwnWords) {
  whatsapp_.then(FakeMessageSender::refused());
  const auto response = post("/api/whatsapp/send", R"({"phone_number": "+14155550123",
    "template": {"name": "parcel", "language": "en_US", "body": ["Asha"]}, "fallback_sms": "Dear Asha"})");
  EXPECT_EQ(response.status, 202) << response.body;
  EXPECT_EQ(object_of(response).at("record").at("channel"), "sms");
  ASSERT_EQ(whatsapp_.sent().size(), 1U);
  EXPECT_EQ(whatsapp_.sent()[0].content.template_->name, "parcel");
  EXPECT_EQ(sms_.sent().at(0).content.text, "Dear Asha");
}

TEST_F(MessagingEndpointsTest, SaysWhenTheProviderRefused) {
  sms_.then(FakeMessageSender::refused());
  const auto response = post("/api/sms/send", kSms);
  EXPECT_EQ(response.status, 502);
  EXPECT_EQ(object_of(response).at("code"), "delivery_failed");
  EXPECT_THAT(response.body, HasSubstr("/api/messages/"));
}

TEST_F(MessagingEndpointsTest, ShowsAUserNothingOfOthers) {
  const std::string of_key = id_of(post("/api/sms/send", kSms));
  const std::string of_user = id_of(post("/api/sms/send", kSms, as_user(kUser)));
  EXPECT_EQ(get("/api/messages/" + of_key, as_user(kUser)).status, 404);
  EXPECT_EQ(get("/api/messages/" + of_user, as_user(kUser)).status, 200);
  EXPECT_EQ(object_of(get("/api/messages", as_user(kUser))).at("messages").as_array().size(), 1U);
  EXPECT_TRUE(object_of(get("/api/messages?requested_by=key:shop", as_user(kUser))).at("messages").as_array().empty());
  EXPECT_EQ(object_of(get("/api/messages")).at("messages").as_array().size(), 2U);
}

TEST_F(MessagingEndpointsTest, PagesThroughTheRecord) {
  std::vector<std::string> sent;
  for (int i = 0; i < 5; ++i) {
    clock_.advance(std::chrono::seconds(1));
    sent.insert(sent.begin(), id_of(post("/api/sms/send", kSms)));
  }
  std::vector<std::string> listed;
  std::string target = "/api/messages?phone_number=%2B14155550123&status=accepted&limit=2";
  for (std::string next; listed.size() < 10;) {
    const json::object page = object_of(get(target + next));
    for (const json::value& one : page.at("messages").as_array()) listed.emplace_back(one.at("id").as_string());
    if (page.at("next").is_null()) break;
    next = "&before=" + std::string(page.at("next").as_string());
  }
  EXPECT_EQ(listed, sent);
  EXPECT_EQ(get("/api/messages?limit=0").status, 422);
  EXPECT_EQ(get("/api/messages?limit=many").status, 422);
  EXPECT_EQ(get("/api/messages?status=lost").status, 422);
  EXPECT_EQ(get("/api/messages/none").status, 422);
}

TEST_F(MessagingEndpointsTest, AsksAboutNumbers) {
  EXPECT_EQ(post("/api/phone/lookup", R"({"phone_number": "+14155550123", "addons": ["sim_swap"]})").status, 200);
  EXPECT_THAT(numbers_.asked, ElementsAre("sim_swap"));
  EXPECT_EQ(post("/api/phone/risk", R"({"phone_number": "+14155550123", "client_address": "2001:db8::1"})").status,
            200);
  EXPECT_THAT(numbers_.asked, ElementsAre("transact", "2001:db8::1"));
  EXPECT_THAT(bad_fields(post("/api/phone/lookup", R"({"phone_number": "+14155550123", "addons": ["../x"]})")),
              ElementsAre("addons"));
  EXPECT_THAT(bad_fields(post("/api/phone/risk", R"({"phone_number": "+14155550123", "event": "buy",
                                "client_address": "here", "account_id": ""})")),
              ElementsAre("event", "client_address", "account_id"));
}

TEST_F(MessagingEndpointsTest, SaysThatNobodyKnowsNumbers) {
  MessageService alone{outbox_, outbox_.store(), PhoneHash(tests::kMaster), nullptr, nullptr};
  const LookupRequest question{*PhoneNumber::parse("+14155550123"), {}};
  EXPECT_EQ(run_to_completion(alone.look_up(question, tests::soon())).error().code, Errc::verification_unavailable);
}

}  // namespace
}  // namespace kriya::messaging
