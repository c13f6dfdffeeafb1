#include "tools/tool_runner.h"

#include <stdexcept>

#include <boost/asio/steady_timer.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "runtime/io_threads.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_tool_log.h"
#include "tools/result_size.h"
#include "tools/typed_tool.h"

namespace kriya::tools {

struct Words {
  std::string text;
  std::optional<std::int64_t> times;
  std::optional<std::string> code;
};
BOOST_DESCRIBE_STRUCT(Words, (), (text, times, code))

struct Said {
  std::string said;
};
BOOST_DESCRIBE_STRUCT(Said, (), (said))

namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

Task<Result<Said>> echo(Words words) {
  std::string said;
  for (std::int64_t i = 0; i < words.times.value_or(1); ++i) said += words.text;
  co_return Said{said};
}

Task<Result<Said>> fail_with(Error error) { co_return fail(std::move(error)); }

Task<Result<Said>> throw_something() {
  throw std::runtime_error("broken");
  co_return Said{};
}

/// As calls to other servers do: waits until the deadline or its stop, then says so.
Task<Result<Said>> hang(Deadline deadline) {
  asio::basic_waitable_timer<Deadline::Steady, asio::wait_traits<Deadline::Steady>, Executor> timer(
      co_await asio::this_coro::executor);
  while (!deadline.passed()) {
    timer.expires_after(std::chrono::milliseconds(1));
    co_await timer.async_wait(use_task);
  }
  co_return fail(Errc::unavailable, "The provider did not answer.");
}

/// Allows as many calls as it is told, by name and subject.
class FakeLimiter final : public http::RateLimiter {
 public:
  Task<Result<http::RateLimitVerdict>> take(const http::RateLimit& limit, std::string subject, Deadline) override {
    taken.push_back(limit.name + " " + subject);
    if (away) co_return fail(Errc::unavailable, "The counters are away.");
    co_return http::RateLimitVerdict{
        .allowed = --allowed >= 0, .remaining = 0, .renewed = std::chrono::milliseconds(2'500)};
  }
  int allowed = 1'000;
  bool away = false;
  std::vector<std::string> taken;
};

template <class Run>
OwnTool tool(std::string name, Run run, std::string scope = {}, bool for_people_alone = false) {
  return make_tool<Words, Said>({.name = std::move(name),
                                 .title = "A test's tool",
                                 .description = "Says something.",
                                 .scope = std::move(scope),
                                 .for_people_alone = for_people_alone,
                                 .secret_arguments = {"code"},
                                 .run = std::move(run)});
}

class ToolRunnerTest : public ::testing::Test {
 protected:
  static std::vector<OwnTool> tools() {
    const auto echoes = [](Words words, const CallContext&) { return echo(std::move(words)); };
    return {tool("echo", echoes),
            tool("private", echoes, {}, true),
            tool("send", echoes, "messages:send"),
            tool("throws", [](const Words&, const CallContext&) { return throw_something(); }),
            tool("hangs", [](const Words&, const CallContext& context) { return hang(context.deadline); }),
            tool("away", [](const Words&, const CallContext&) {
              return fail_with({Errc::unavailable, "The provider is away."});
            })};
  }

  static http::Principal person(std::string scope = {}) {
    return {.user_id = Uuid::parse("019aa5f4-7c00-7a3e-9d53-0d5c1b2e4f60"), .scope = std::move(scope)};
  }
  static CallContext context_of(http::Principal principal) {
    return {.principal = std::move(principal),
            .deadline = Deadline::after(std::chrono::seconds(30)),
            .via = "mcp",
            .session_id = "session",
            .request_id = "request",
            .client_address = "203.0.113.7",
            .metadata = {{"model", "m"}}};
  }
  Result<ToolResult> call(std::string name, const char* arguments, CallContext context) {
    return run_to_completion(
        runner_.call({std::move(name), parse_json(arguments).value().as_object()}, std::move(context)));
  }
  ToolResult call(std::string name, const char* arguments = R"({"text": "hi"})") {
    return call(std::move(name), arguments, context_of(person())).value();
  }
  std::vector<std::string> listed(http::Principal principal) {
    std::vector<std::string> names;
    const auto specs = run_to_completion(runner_.list(std::move(principal), Deadline::after(std::chrono::seconds(1))));
    for (const auto& spec : *specs) names.push_back(spec->name);
    return names;
  }

  tests::FakeToolLog log_;
  tests::FakeClock clock_;
  telemetry::Log messages_{{.level = telemetry::Level::error, .json = false, .file = "/dev/null"}};
  telemetry::Metrics metrics_;
  audit::Redaction redaction_{audit::Phones::masked};
  FakeLimiter limiter_;
  ToolRunner runner_{tools(),
                     {.timeout = std::chrono::milliseconds(20)},
                     {.calls = log_, .redaction = redaction_, .clock = clock_, .log = messages_, .metrics = metrics_}};
};

TEST_F(ToolRunnerTest, ListsWhatThePrincipalMayCallAlwaysInOneOrder) {
  EXPECT_THAT(listed(person()), ElementsAre("echo", "private", "throws", "hangs", "away"));
  EXPECT_THAT(listed(person("phone:verify messages:send")),
              ElementsAre("echo", "private", "send", "throws", "hangs", "away"));
  EXPECT_THAT(listed({.client_id = "robot", .scope = "messages:send"}),
              ElementsAre("echo", "send", "throws", "hangs", "away"));
  EXPECT_THAT(listed({.client_id = "test-client", .scope = "messages:send", .demo = true}),
              ElementsAre("echo", "throws", "hangs", "away"));
}

TEST_F(ToolRunnerTest, AnswersWithTextAndStructureAndWritesTheCallDownBefore) {
  const ToolResult result = call("echo", R"({"text": "hi", "times": 2, "code": "123456", "_": 1, "other": {}})");
  EXPECT_FALSE(result.is_error);
  EXPECT_EQ(result.text(), R"({"said":"hihi"})");
  EXPECT_EQ(result.structured->at("said"), "hihi");
  const auto entry = log_.last();
  EXPECT_EQ(entry.tool_name, "echo");
  EXPECT_TRUE(entry.success);
  EXPECT_EQ(entry.arguments.at("text"), "hi");
  EXPECT_NE(entry.arguments.at("code"), "123456");
  EXPECT_EQ(entry.redactions, 1);
  EXPECT_EQ(entry.result, R"({"said":"hihi"})");
  EXPECT_EQ(entry.session_id, "session");
  EXPECT_EQ(entry.metadata.at("model"), "m");
  EXPECT_EQ(entry.user_id, person().user_id);
  EXPECT_EQ(entry.via, "mcp");
  EXPECT_EQ(entry.decision, "allowed");
  EXPECT_EQ(entry.request_id, "request");
  EXPECT_EQ(entry.client_address, "203.0.113.7");
  EXPECT_EQ(entry.at, clock_.now());
  EXPECT_GT(entry.argument_bytes, 10);
}

TEST_F(ToolRunnerTest, DoesNotTellAToolThatIsForbiddenFromOneThatIsNotThere) {
  const auto forbidden = call("send", R"({"text": "hi", "code": "123456"})", context_of(person()));
  const auto unknown = call("sent\n", R"({})", context_of(person()));
  ASSERT_FALSE(forbidden);
  ASSERT_FALSE(unknown);
  EXPECT_EQ(forbidden.error().code, Errc::not_found);
  EXPECT_EQ(forbidden.error().detail, unknown.error().detail);
  ASSERT_EQ(log_.entries().size(), 2U);
  EXPECT_EQ(log_.entries()[0].decision, "denied");
  EXPECT_EQ(log_.entries()[0].error_kind, "not_found");
  EXPECT_NE(log_.entries()[0].arguments.at("code"), "123456");
  EXPECT_EQ(log_.entries()[1].tool_name, "sent?");
  EXPECT_EQ(log_.entries()[1].decision, "none");
  EXPECT_EQ(log_.entries()[1].error_kind, "not_found");
}

TEST_F(ToolRunnerTest, NamesEveryBadArgumentInOneResult) {
  const ToolResult result = call("echo", R"({"text": 1, "times": "2"})");
  EXPECT_TRUE(result.is_error);
  EXPECT_EQ(result.error_kind, "arguments");
  EXPECT_THAT(result.text(), HasSubstr("\ntext: must be a string"));
  EXPECT_THAT(result.text(), HasSubstr("\ntimes: must be a whole number"));
  EXPECT_FALSE(log_.last().success);
  EXPECT_EQ(log_.last().error_kind, "arguments");
  EXPECT_EQ(log_.last().decision, "allowed");
}

TEST_F(ToolRunnerTest, SaysWhenToTryAgainAfterTooManyCalls) {
  runner_.limit_by(limiter_);
  limiter_.allowed = 1;
  EXPECT_FALSE(call("echo").is_error);
  const ToolResult result = call("echo");
  EXPECT_EQ(result.error_kind, "limit");
  EXPECT_EQ(result.text(), "Too many calls. Try again in 3 s.");
  EXPECT_EQ(log_.last().decision, "denied");
  EXPECT_THAT(limiter_.taken, ElementsAre("tool-echo " + person().subject(), "tool-echo " + person().subject()));
  call("echo", R"({"text": "hi"})", context_of({.client_id = "robot"})).value();
  EXPECT_EQ(limiter_.taken.back(), "tool-echo-program client:robot");
  for (const std::string& taken : limiter_.taken) {
    const std::string name = taken.substr(0, taken.find(' '));
    EXPECT_EQ(std::ranges::count(runner_.limits(), name, &http::RateLimit::name), 1) << name;
  }
}

TEST_F(ToolRunnerTest, ReadsTheArgumentsBeforeItCountsTheCall) {
  runner_.limit_by(limiter_);
  call("echo", "{}");
  EXPECT_TRUE(limiter_.taken.empty());
}

TEST_F(ToolRunnerTest, RefusesWhileAClosedLimitCannotBeCounted) {
  runner_.limit_by(limiter_);
  limiter_.away = true;
  EXPECT_EQ(call("echo").error_kind, "unavailable");
}

TEST_F(ToolRunnerTest, EndsACallThatTakesTooLong) {
  const ToolResult result = call("hangs");
  EXPECT_TRUE(result.is_error);
  EXPECT_EQ(result.error_kind, "timeout");
  EXPECT_EQ(log_.last().error_kind, "timeout");
}

TEST_F(ToolRunnerTest, EndsACallThatNobodyWaitsForAnyMore) {
  std::stop_source stop;
  CallContext context = context_of(person());
  context.deadline = context.deadline.stopped_by(stop.get_token());
  stop.request_stop();
  for (const char* name : {"hangs", "echo"}) {
    const auto result = call(name, R"({"text": "hi"})", context);
    EXPECT_EQ(result->error_kind, "cancelled") << name;
    EXPECT_EQ(log_.last().error_kind, "cancelled");
  }
}

TEST_F(ToolRunnerTest, TurnsAnExceptionIntoAResultWithoutItsWords) {
  const ToolResult result = call("throws");
  EXPECT_EQ(result.error_kind, "internal");
  EXPECT_THAT(result.text(), Not(HasSubstr("broken")));
  EXPECT_THAT(log_.last().result, Not(HasSubstr("broken")));
}

TEST_F(ToolRunnerTest, SaysThatSomethingMayPassLater) {
  const ToolResult result = call("away");
  EXPECT_EQ(result.error_kind, "unavailable");
  EXPECT_EQ(result.text(), "The provider is away. Try again later.");
}

TEST_F(ToolRunnerTest, CutsAResultOfTenMegabytes) {
  const ToolResult result = call("echo", R"({"text": "äbcdefghij", "times": 1000000})");
  EXPECT_TRUE(result.is_error);  // its structure had to go, which the tool had promised
  EXPECT_FALSE(result.structured);
  EXPECT_LT(result.text().size(), kLongestResult + 300);
  EXPECT_GT(result.text().size(), kLongestResult - 300);
  EXPECT_TRUE(utf8_length(result.text()));
  EXPECT_THAT(result.text(), HasSubstr("Ask for less"));
  EXPECT_FALSE(log_.last().success);
}

TEST_F(ToolRunnerTest, WritesARefusalDown) {
  CallContext context = context_of(person());
  const ToolResult result = runner_.refuse({"echo", {{"text", "hi"}, {"code", "123456"}}}, context,
                                           {.decision = "denied", .kind = "denied", .words = "No."});
  EXPECT_TRUE(result.is_error);
  EXPECT_EQ(result.text(), "No.");
  EXPECT_EQ(log_.last().decision, "denied");
  EXPECT_EQ(log_.last().error_kind, "denied");
  EXPECT_NE(log_.last().arguments.at("code"), "123456");
}

TEST_F(ToolRunnerTest, SaysOfARefusalThatNobodyDecidedThatNobodyDid) {
  const auto refused = [&](std::string name, std::string kind) {
    runner_.refuse({std::move(name), {}}, context_of(person()),
                   {.decision = "none", .kind = std::move(kind), .words = "No."});
    return log_.last().decision + " " + log_.last().error_kind;
  };
  EXPECT_EQ(refused("echo", "repeated"), "none repeated");
  EXPECT_EQ(refused("nothing", "not_found"), "none not_found");
  EXPECT_EQ(refused("send", "not_found"), "denied not_found");  // it is there, and this person may not call it
}

TEST_F(ToolRunnerTest, WritesDownWhatWasSentForArgumentsThoughItIsNoObject) {
  const std::string sent = R"({"to": "+14155550123", "text": "hi", "ti)";
  runner_.refuse({"nothing", {}, sent}, context_of(person()),
                 {.decision = "none", .kind = "arguments", .words = "No."});
  EXPECT_EQ(log_.last().error_kind, "arguments");
  EXPECT_EQ(log_.last().argument_bytes, static_cast<std::int64_t>(sent.size()));
  const std::string kept(log_.last().arguments.at("unreadable").as_string());
  EXPECT_THAT(kept, HasSubstr(R"("text": "hi", "ti)"));
  EXPECT_THAT(kept, Not(HasSubstr("+14155550123")));
}

TEST_F(ToolRunnerTest, WritesDownNothingOfThemWhereTheToolTakesSecrets) {
  const std::string sent = R"({"text": "hi", "code": "123)";
  runner_.refuse({"echo", {}, sent}, context_of(person()), {.decision = "none", .kind = "arguments", .words = "No."});
  EXPECT_THAT(write_json(log_.last().arguments), Not(HasSubstr("123")));
  EXPECT_EQ(log_.last().argument_bytes, static_cast<std::int64_t>(sent.size()));
  EXPECT_EQ(log_.last().redactions, 1);
}

TEST_F(ToolRunnerTest, CountsCallsByToolAndOutcome) {
  call("echo");
  call("echo", "{}");
  (void)call("nothing", "{}", context_of(person()));
  const std::string metrics = metrics_.render();
  EXPECT_THAT(metrics, HasSubstr(R"(kriya_tool_calls_total{tool="echo",status="success"} 1)"));
  EXPECT_THAT(metrics, HasSubstr(R"(kriya_tool_calls_total{tool="echo",status="error"} 1)"));
  EXPECT_THAT(metrics, HasSubstr(R"(kriya_tool_calls_total{tool="unknown",status="error"} 1)"));
  EXPECT_THAT(metrics, HasSubstr(R"(kriya_tool_call_seconds_count{tool="echo"} 2)"));
}

TEST_F(ToolRunnerTest, TakesNoTwoToolsOfOneName) {
  const auto two = [&] {
    std::vector<OwnTool> both = tools();
    both.push_back(both.front());
    ToolRunner{std::move(both),
               {},
               {.calls = log_, .redaction = redaction_, .clock = clock_, .log = messages_, .metrics = metrics_}};
  };
  EXPECT_THROW(two(), std::logic_error);
}

TEST(ResultSize, CutsAtTheEndOfACharacter) {
  EXPECT_EQ(cut_text("aä", 2), "a");
  EXPECT_EQ(cut_text("aä", 3), "aä");
  EXPECT_EQ(cut_text("ää", 3), "ä");
}

TEST(ResultSize, LeavesOutBlocksThatDoNotFit) {
  ToolResult result = ToolResult::of_text("first");
  result.content.push_back(json::object{{"type", "image"}, {"data", std::string(2 * kLongestResult, 'A')}});
  result.content.push_back(json::object{{"type", "text"}, {"text", "last"}});
  limit_size(result);
  EXPECT_FALSE(result.is_error);
  ASSERT_EQ(result.content.size(), 2U);
  EXPECT_THAT(result.text(), HasSubstr("first\n[The rest was cut"));
}

}  // namespace
}  // namespace kriya::tools
