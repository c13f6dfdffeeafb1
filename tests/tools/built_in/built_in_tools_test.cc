#include "tools/built_in/built_in_tools.h"

#include <set>

#include <boost/json/serialize.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "access/session_lookup.h"
#include "messaging/outbox.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_message_sender.h"
#include "tests/support/fake_tool_log.h"
#include "tests/support/identity_services.h"
#include "tests/support/test_database.h"
#include "tools/tool_runner.h"

namespace kriya::tools {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using tests::FakeMessageSender;
using tests::FakeVerification;

const Secret kMaster{"a master key of at least thirty-two bytes"};
constexpr const char* kPhone = "+14155550123";
constexpr const char* kEverything = "messages:send messages:read phone:lookup phone:verify";

class FakeNumbers final : public messaging::NumberLookup, public messaging::RiskScorer {
 public:
  Task<Result<messaging::NumberReport>> look_up(PhoneNumber number, std::vector<std::string>, Deadline) override {
    messaging::NumberReport report;
    report.phone_number = number.str();
    report.country = "US";
    co_return report;
  }
  Task<Result<messaging::RiskReport>> assess(messaging::RiskQuestion question, Deadline) override {
    co_return messaging::RiskReport{
        question.number.str(), "fake", 120, question.event, messaging::Recommendation::allow, {}, {}};
  }
};

class BuiltInToolsTest : public ::testing::TestWithParam<tests::Engine> {
 protected:
  http::Principal person(const char* phone = kPhone, std::string scope = kEverything) {
    clock_.advance(std::chrono::seconds(1));
    const auto signed_in = identity_.sign_in(phone);
    const auto claims = identity_.claims(signed_in.token);
    return {.user_id = claims.user_id, .session = claims.session.value_or(""), .scope = std::move(scope)};
  }
  static http::Principal program(std::string id = "robot") {
    return {.client_id = std::move(id), .scope = kEverything};
  }

  Result<ToolResult> try_call(std::string name, const std::string& arguments, http::Principal principal) {
    CallContext context{.principal = std::move(principal),
                        .deadline = tests::soon().stopped_by(stop_.get_token()),
                        .via = "mcp",
                        .session_id = "s",
                        .client_address = "203.0.113.7"};
    return run_to_completion(
        runner_.call({std::move(name), parse_json(arguments).value().as_object()}, std::move(context)));
  }
  ToolResult call(std::string name, const std::string& arguments, http::Principal principal) {
    return try_call(std::move(name), arguments, std::move(principal)).value();
  }

  tests::FakeClock clock_;
  tests::TestDatabase database_{GetParam()};
  tests::IdentityServices identity_{database_, clock_};
  FakeMessageSender sms_;
  FakeMessageSender whatsapp_{"fake-whatsapp", {messaging::Channel::whatsapp}};
  FakeNumbers numbers_;
  messaging::Outbox outbox_{{.database = *database_,
                             .master = kMaster,
                             .senders = {&sms_, &whatsapp_},
                             .luck = [] { return 1.0; },
                             .clock = clock_,
                             .log = database_.log(),
                             .metrics = database_.metrics()}};
  messaging::MessageService messages_{outbox_, outbox_.store(), PhoneHash(kMaster), &numbers_, &numbers_};
  tests::FakeToolLog log_;
  audit::Redaction redaction_{audit::Phones::masked};
  std::stop_source stop_;
  ToolRunner runner_{built_in_tools({.accounts = identity_.accounts,
                                     .sessions = identity_.own_sessions,
                                     .messages = messages_,
                                     .verification = identity_.verification}),
                     {},
                     {.calls = log_,
                      .redaction = redaction_,
                      .clock = clock_,
                      .log = database_.log(),
                      .metrics = database_.metrics()}};
};

INSTANTIATE_TEST_SUITE_P(Engines, BuiltInToolsTest, tests::every_engine(), tests::engine_name);

TEST_P(BuiltInToolsTest, AddsNumbers) {
  EXPECT_EQ(call("add", R"({"a": 5, "b": 3})", program()).text(), "8");
  const ToolResult sum = call("add", R"({"a": 0.5, "b": -3, "_": "ignored"})", program());
  EXPECT_EQ(sum.text(), "-2.5");
  EXPECT_EQ(sum.structured->at("result"), -2.5);
  EXPECT_EQ(call("add", R"({"a": 1e308, "b": 1e308})", program()).error_kind, "arguments");
  EXPECT_THAT(call("add", R"({"a": "5"})", program()).text(), HasSubstr("a: must be a number\nb: is required"));
}

TEST_P(BuiltInToolsTest, SaysWhoAsks) {
  const ToolResult someone = call("whoami", "{}", person(kPhone, "messages:read"));
  EXPECT_EQ(someone.structured->at("kind"), "person");
  EXPECT_EQ(someone.structured->at("name"), "Asha");
  EXPECT_EQ(someone.structured->at("scopes").as_array().size(), 1U);
  EXPECT_THAT(someone.text(), HasSubstr("0123"));
  EXPECT_THAT(someone.text(), Not(HasSubstr("4155550123")));
  EXPECT_EQ(call("whoami", "{}", program()).structured->at("kind"), "program");
  const ToolResult demo = call("whoami", "{}", {.client_id = "test-client", .demo = true});
  EXPECT_EQ(demo.structured->at("kind"), "demo");
  EXPECT_EQ(demo.structured->at("name"), "test-user");
  EXPECT_EQ(call("whoami", "{}", {.user_id = Uuid()}).error_kind, "tool");
}

TEST_P(BuiltInToolsTest, ListsThePersonsSessionsWithoutTheirIds) {
  person();
  const http::Principal here = person();
  const ToolResult listed = call("list_my_sessions", "{}", here);
  const json::array& sessions = listed.structured->at("sessions").as_array();
  ASSERT_EQ(sessions.size(), 2U);
  EXPECT_EQ(sessions[0].at("current"), false);
  EXPECT_EQ(sessions[1].at("current"), true);
  EXPECT_THAT(listed.text(), Not(HasSubstr(here.session)));
  EXPECT_FALSE(try_call("list_my_sessions", "{}", program()));
}

TEST_P(BuiltInToolsTest, SendsAnSmsAndFollowsItForItsSenderAlone) {
  const http::Principal sender = person();
  const ToolResult sent = call("send_sms", R"({"phone_number": "+1 415 555 0199", "message": "Hello"})", sender);
  ASSERT_FALSE(sent.is_error) << sent.text();
  EXPECT_EQ(sent.structured->at("status"), "accepted");
  EXPECT_EQ(sms_.sent().at(0).content.text, "Hello");
  const std::string which = R"({"id": )" + json::serialize(sent.structured->at("id")) + "}";
  EXPECT_EQ(call("get_message_status", which, sender).structured->at("status"), "accepted");
  const auto listed = [&](const http::Principal& principal) {
    return call("list_messages", R"({"limit": 10})", principal).structured->at("messages").as_array().size();
  };
  EXPECT_EQ(listed(sender), 1U);
  // Whatever scope a program has, it sees its own.
  for (const http::Principal& other : {person("+14155550124"), program()}) {
    const ToolResult found = call("get_message_status", which, other);
    EXPECT_EQ(found.error_kind, "tool");
    EXPECT_THAT(found.text(), HasSubstr("no such message"));
    EXPECT_EQ(listed(other), 0U);
  }
}

TEST_P(BuiltInToolsTest, NamesWhatTheServicesFindWrongWithArguments) {
  const ToolResult none = call("send_sms", R"({"phone_number": "12", "message": ""})", person());
  EXPECT_EQ(none.error_kind, "arguments");
  EXPECT_THAT(none.text(), HasSubstr("phone_number: "));
  const ToolResult empty = call("send_sms", R"({"phone_number": "+14155550199", "message": ""})", person());
  EXPECT_EQ(empty.error_kind, "arguments");
  EXPECT_THAT(empty.text(), HasSubstr("message: "));
  const ToolResult media =
      call("send_whatsapp_media", R"({"phone_number": "+14155550199", "media": {"kind": "image", "url": "http://x"}})",
           person());
  EXPECT_THAT(media.text(), HasSubstr("media.url: "));
  EXPECT_TRUE(sms_.sent().empty());
  EXPECT_TRUE(whatsapp_.sent().empty());
}

TEST_P(BuiltInToolsTest, SendsWhatsAppInEveryForm) {
  const http::Principal sender = person();
  const auto send = [&](const char* tool, const std::string& content) {
    const ToolResult sent = call(tool, R"({"phone_number": "+14155550199", )" + content + "}", sender);
    EXPECT_FALSE(sent.is_error) << sent.text();
    return whatsapp_.sent().back().content;
  };
  EXPECT_EQ(send("send_whatsapp_message", R"("text": "Hello")").text, "Hello");
  EXPECT_EQ(send("send_whatsapp_template", R"("template": {"name": "parcel", "language": "en_US", "body": ["Asha"]})")
                .template_->body,
            std::vector<std::string>{"Asha"});
  EXPECT_EQ(send("send_whatsapp_media", R"("media": {"kind": "image", "url": "https://example.com/a.png"})").media->url,
            "https://example.com/a.png");
  EXPECT_EQ(send("send_whatsapp_buttons", R"("buttons": {"body": "Now?", "buttons": [{"id": "y", "title": "Yes"}]})")
                .buttons->buttons.size(),
            1U);
}

TEST_P(BuiltInToolsTest, FinishesAMessageThatWasBegunWhenNobodyWaitsAnyMore) {
  sms_.during = [this](const messaging::Outgoing&) { stop_.request_stop(); };
  const ToolResult sent = call("send_sms", R"({"phone_number": "+14155550199", "message": "Hello"})", person());
  EXPECT_FALSE(sent.is_error) << sent.text();
  EXPECT_EQ(sent.structured->at("status"), "accepted");
  EXPECT_FALSE(sms_.stoppable);
}

TEST_P(BuiltInToolsTest, SaysWhenTheProviderRefused) {
  sms_.then(FakeMessageSender::refused());
  const ToolResult sent = call("send_sms", R"({"phone_number": "+14155550199", "message": "Hello"})", person());
  EXPECT_EQ(sent.error_kind, "tool");
  EXPECT_THAT(sent.text(), HasSubstr("The message was not sent"));
}

TEST_P(BuiltInToolsTest, AsksAboutNumbers) {
  EXPECT_EQ(call("lookup_phone_number", R"({"phone_number": "+14155550199"})", person()).structured->at("country"),
            "US");
  EXPECT_EQ(call("assess_phone_risk", R"({"phone_number": "+14155550199"})", person()).structured->at("score"), 120);
  EXPECT_THAT(call("assess_phone_risk", R"({"phone_number": "+14155550199", "event": "buy"})", person()).text(),
              HasSubstr("event: must be one of"));
}

TEST_P(BuiltInToolsTest, SendsACodeThatOnlyWhoAskedForItCanAnswer) {
  const http::Principal asker = person();
  const ToolResult sent = call("send_verification_code", R"({"phone_number": "+14155550199"})", asker);
  ASSERT_FALSE(sent.is_error) << sent.text();
  const auto check = [&](const char* code, const http::Principal& principal) {
    return call(
        "check_verification_code",
        R"({"verification_id": )" + json::serialize(sent.structured->at("id")) + R"(, "code": ")" + code + "\"}",
        principal);
  };
  EXPECT_EQ(check(FakeVerification::kCode, person("+14155550124")).error_kind, "tool");
  EXPECT_EQ(check("000000", asker).structured->at("valid"), false);
  const ToolResult right = check(FakeVerification::kCode, asker);
  EXPECT_EQ(right.structured->at("valid"), true);
  EXPECT_EQ(right.structured->at("phone_number"), "+14155550199");
  for (const auto& entry : log_.entries()) {
    EXPECT_THAT(json::serialize(entry.arguments), Not(HasSubstr(FakeVerification::kCode)));
  }
}

// Every `$ref` leads somewhere, every required member is there, and nothing points outside: what a client of MCP
// compiles. tests/e2e/tools.test.mjs has a real validator compile them.
void check_schema(const json::value& part, const json::object& whole, const std::string& where) {
  if (const json::array* array = part.if_array()) {
    for (const json::value& one : *array) check_schema(one, whole, where);
  }
  const json::object* object = part.if_object();
  if (object == nullptr) return;
  if (const json::value* reference = object->if_contains("$ref"); reference && reference->is_string()) {
    const std::string target(reference->as_string());
    ASSERT_TRUE(target.starts_with("#/$defs/")) << where << " " << target;
    ASSERT_TRUE(whole.at("$defs").as_object().contains(target.substr(8))) << where << " " << target;
  }
  if (const json::value* required = object->if_contains("required"); required && required->is_array()) {
    for (const json::value& name : required->as_array()) {
      ASSERT_TRUE(object->at("properties").as_object().contains(name.as_string())) << where;
    }
  }
  for (const auto& member : *object) check_schema(member.value(), whole, where);
}

TEST_P(BuiltInToolsTest, DeclareThemselvesWell) {
  std::set<std::string> names;
  const auto specs = run_to_completion(runner_.list(person(), tests::soon()));
  for (const auto& spec : *specs) {
    EXPECT_TRUE(names.insert(spec->name).second);
    EXPECT_FALSE(spec->title.empty()) << spec->name;
    EXPECT_FALSE(spec->description.empty()) << spec->name;
    EXPECT_EQ(spec->input_schema.at("type"), "object") << spec->name;
    EXPECT_EQ(spec->output_schema->at("type"), "object") << spec->name;
    check_schema(spec->input_schema, spec->input_schema, spec->name);
    check_schema(*spec->output_schema, *spec->output_schema, spec->name);
    if (!spec->scope.empty()) {
      EXPECT_EQ(std::ranges::count(access::kScopes, spec->scope), 1) << spec->name;
    }
    for (const std::string& secret : spec->secret_arguments) {
      EXPECT_TRUE(spec->input_schema.at("properties").as_object().contains(secret)) << spec->name;
    }
    EXPECT_FALSE(spec->annotations.read_only && spec->annotations.destructive) << spec->name;
    // Every argument says what it is.
    for (const auto& argument : spec->input_schema.at("properties").as_object()) {
      const json::object& schema = argument.value().as_object();
      EXPECT_TRUE(schema.contains("description") || schema.contains("$ref")) << spec->name << " " << argument.key();
    }
  }
  EXPECT_EQ(names.size(), 14U);
}

TEST_P(BuiltInToolsTest, ShowTheDemoUserTheHarmlessOnesAlone) {
  const auto specs =
      run_to_completion(runner_.list({.client_id = "test-client", .scope = kEverything, .demo = true}, tests::soon()));
  ASSERT_EQ(specs->size(), 2U);
  EXPECT_EQ(specs->at(0)->name, "add");
  EXPECT_EQ(specs->at(1)->name, "whoami");
}

}  // namespace
}  // namespace kriya::tools
