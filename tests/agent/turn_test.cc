#include "agent/turn.h"

#include <future>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/io_threads.h"
#include "tests/support/fake_chat_model.h"
#include "tests/support/fake_tools.h"

namespace kriya::agent {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

ModelCall call_of(std::string name, json::object arguments, std::string id = "") {
  return {.id = std::move(id), .name = std::move(name), .arguments = std::move(arguments)};
}

/// Writes down what it hears.
class Heard final : public TurnListener {
 public:
  void text(std::string_view delta) override {
    note("text " + std::string(delta));
    all_text += delta;
  }
  void call_started(const ModelCall& call) override {
    note("start " + call.name);
    if (on_start) on_start();
  }
  void progress(const std::string&, double done, std::optional<double>, const std::string& message) override {
    note("progress " + std::to_string(static_cast<int>(done)) + " " + message);
  }
  void call_ended(const CallOutcome& outcome) override { note("end " + outcome.name + " " + outcome.result); }

  std::vector<std::string> events;
  std::string all_text;
  std::function<void()> on_start;

 private:
  void note(std::string event) { events.push_back(std::move(event)); }
};

class FixedApprover final : public Approver {
 public:
  explicit FixedApprover(bool allowed) : allowed_(allowed) {}
  Task<Answer> ask(ModelCall call, Deadline) override {
    asked.push_back(call.name);
    co_return Answer{allowed_, allowed_ ? "" : "The person said no."};
  }
  std::vector<std::string> asked;

 private:
  bool allowed_;
};

/// "name: decision kind", and what could not be read.
Task<void> note_refusal(std::vector<std::string>* refused, tools::ToolCall call, tools::Refusal refusal) {
  refused->push_back(call.name + ": " + refusal.decision + " " + refusal.kind);
  if (!call.unreadable.empty()) refused->back() += " " + call.unreadable;
  EXPECT_FALSE(refusal.words.empty());
  co_return;
}

class TurnTest : public ::testing::Test {
 protected:
  TurnTest() {
    tools.add("add", tests::adding);
    limits.approval = Approval::never;
  }

  TurnRequest request() {
    return {.model = "m",
            .instructions = "Be brief.",
            .messages = messages,
            .principal = {.user_id = Uuid()},
            .stop = stop.get_token(),
            .context = {.principal = {}, .deadline = Deadline::after(0ms), .via = "chat", .session_id = "c"}};
  }

  TurnOutcome run(Approver* approver = nullptr) {
    Turn turn(tools, limits);
    if (refuse) turn.on_refusal(refuse);
    turn.check_by(still);
    std::shared_ptr<Approver> asked(std::shared_ptr<void>(), approver);
    return run_to_completion(turn.run(model, request(), heard, std::move(asked)));
  }

  void note_refusals_in(std::vector<std::string>& refused) {
    refuse = [&refused](tools::ToolCall call, tools::CallContext context, tools::Refusal refusal) {
      EXPECT_TRUE(context.principal.user_id);
      return note_refusal(&refused, std::move(call), std::move(refusal));
    };
  }

  tests::FakeChatModel model;
  std::vector<Message> messages{{.role = Role::user, .content = "What is 2 + 3?"}};
  tests::FakeTools tools;
  TurnLimits limits;
  Turn::Refuse refuse;
  Turn::Still still;
  Heard heard;
  std::stop_source stop;
};

TEST_F(TurnTest, AnAnswerWithoutToolsIsPassedOnAsItComes) {
  model.answer({TextDelta{"It is"}, TextDelta{" five."}, Usage{20, 4}, Finished{"stop"}});
  const auto outcome = run();
  EXPECT_EQ(outcome.response, "It is five.");
  EXPECT_THAT(heard.events, ElementsAre("text It is", "text  five."));
  EXPECT_EQ(outcome.usage.total(), 24);
  ASSERT_EQ(outcome.messages.size(), 1U);
  EXPECT_EQ(outcome.messages[0].content, "It is five.");
  ASSERT_EQ(model.questions.size(), 1U);
  EXPECT_EQ(model.questions[0].messages[0].role, Role::system);
  EXPECT_EQ(model.questions[0].functions[0].name, "add");
}

TEST_F(TurnTest, ToolsAreCalledAndTheirTextGoesBackToTheModel) {
  model.call({call_of("add", {{"a", 2}, {"b", 3}}, "c1")});
  model.say("Five.");
  const auto outcome = run();
  EXPECT_THAT(heard.events, ElementsAre("start add", "end add 5", "text Five."));
  ASSERT_EQ(model.questions.size(), 2U);
  const auto& messages = model.questions[1].messages;
  ASSERT_EQ(messages.size(), 4U);
  EXPECT_EQ(messages[2].calls.at(0).id, "c1");
  EXPECT_EQ(messages[3].role, Role::tool);
  EXPECT_EQ(messages[3].call_id, "c1");
  EXPECT_EQ(messages[3].content, "5");
  ASSERT_EQ(outcome.calls.size(), 1U);
  EXPECT_EQ(outcome.calls[0].status(), "success");
  EXPECT_EQ(tools.contexts[0].decision, "allowed");
  EXPECT_EQ(tools.contexts[0].via, "chat");
  EXPECT_TRUE(tools.contexts[0].principal.user_id);
}

TEST_F(TurnTest, TheResponseIsWhatTheDeltasSaid) {
  model.answer({TextDelta{"Let me add."}, call_of("add", {{"a", 2}, {"b", 3}}), Finished{"tool_calls"}});
  model.say("Five.");
  const auto outcome = run();
  EXPECT_EQ(outcome.response, "Let me add.\n\nFive.");
  EXPECT_EQ(heard.all_text, outcome.response);
}

/// Ends when as many of its kind wait as there should be.
struct Meeting {
  explicit Meeting(std::size_t wanted) : wanted(wanted) {}
  std::size_t wanted;
  std::vector<std::shared_ptr<Mailbox<int>>> waiting;

  static Task<Result<tools::ToolResult>> join(Meeting* meeting) {
    const auto box = std::make_shared<Mailbox<int>>(co_await asio::this_coro::executor);
    meeting->waiting.push_back(box);
    if (meeting->waiting.size() == meeting->wanted) {
      for (const auto& one : meeting->waiting) one->put(1);
    }
    const bool met = (co_await box->take(10s)).has_value();
    co_return tools::ToolResult::of_text(met ? "met" : "alone");
  }
};

TEST_F(TurnTest, CallsOfARoundRunTogetherAndAreAnsweredInOrder) {
  Meeting meeting(3);
  tools.add("meet", [&](tools::ToolCall, tools::CallContext) { return Meeting::join(&meeting); });
  model.call({call_of("meet", {{"n", 1}}, "c1"), call_of("meet", {{"n", 2}}, "c2"), call_of("meet", {{"n", 3}}, "c3")});
  model.say("Done.");
  const auto outcome = run();
  ASSERT_EQ(outcome.calls.size(), 3U);
  for (const auto& call : outcome.calls) EXPECT_EQ(call.result, "met");
  ASSERT_EQ(outcome.messages.size(), 5U);
  EXPECT_EQ(outcome.messages[1].call_id, "c1");
  EXPECT_EQ(outcome.messages[3].call_id, "c3");
}

TEST_F(TurnTest, MistakesOfTheModelAreToldToIt) {
  ModelCall truncated = call_of("add", {}, "c2");
  truncated.broken = R"({"a":)";
  model.call({call_of("nothing", {}, "c1"), truncated});
  model.say("Sorry.");
  const auto outcome = run();
  EXPECT_FALSE(outcome.failure);
  EXPECT_THAT(tools.calls, IsEmpty());
  EXPECT_THAT(outcome.calls.at(0).result, HasSubstr("no tool of that name"));
  EXPECT_THAT(outcome.calls.at(1).result, HasSubstr("no JSON object"));
  EXPECT_TRUE(outcome.calls[1].is_error);
  EXPECT_EQ(model.questions.at(1).messages.back().call_id, "c2");
}

Task<Result<tools::ToolResult>> failing(tools::ToolCall, tools::CallContext) {
  co_return fail(Errc::unavailable, "The database is away.");
}
Task<Result<tools::ToolResult>> throwing(tools::ToolCall, tools::CallContext) {
  throw std::logic_error("a bug");
  co_return tools::ToolResult();
}

TEST_F(TurnTest, AToolThatFailsIsAnErrorForTheModel) {
  tools.add("away", failing);
  tools.add("bug", throwing);
  model.call({call_of("away", {}), call_of("bug", {})});
  model.say("Sorry.");
  const auto outcome = run();
  EXPECT_FALSE(outcome.failure);
  EXPECT_EQ(outcome.calls.at(0).result, "The database is away.");
  EXPECT_EQ(outcome.calls.at(1).result, "The tool failed.");
  EXPECT_EQ(outcome.calls.at(1).status(), "error");
}

TEST_F(TurnTest, TheThirdCallThatIsTheSameIsNotMade) {
  for (int i = 0; i < 3; ++i) model.call({call_of("add", {{"a", 1}, {"b", 1}})});
  model.say("Two.");
  const auto outcome = run();
  EXPECT_EQ(tools.calls.size(), 2U);
  EXPECT_THAT(outcome.calls.at(2).result, HasSubstr("twice already"));
}

TEST_F(TurnTest, ACallIsTheSameInWhateverOrderItsArgumentsStand) {
  model.call(
      {call_of("add", {{"a", 1}, {"b", 1}, {"in", {{"x", 1}, {"y", json::array{json::object{{"p", 1}, {"q", 2}}}}}}})});
  model.call(
      {call_of("add", {{"b", 1}, {"in", {{"y", json::array{json::object{{"q", 2}, {"p", 1}}}}, {"x", 1}}}, {"a", 1}})});
  model.call(
      {call_of("add", {{"in", {{"x", 1}, {"y", json::array{json::object{{"p", 1}, {"q", 2}}}}}}, {"b", 1}, {"a", 1}})});
  model.call(
      {call_of("add", {{"a", 1}, {"b", 1}, {"in", {{"x", 1}, {"y", json::array{json::object{{"p", 2}, {"q", 1}}}}}}})});
  const auto outcome = run();
  EXPECT_EQ(tools.calls.size(), 3U);
  EXPECT_THAT(outcome.calls.at(2).result, HasSubstr("twice already"));
  EXPECT_EQ(outcome.calls.at(3).result, "2");
}

TEST_F(TurnTest, AfterTheLastRoundTheModelMustAnswerWithoutTools) {
  limits.rounds = 3;
  for (int i = 0; i < 4; ++i) model.call({call_of("add", {{"a", i}, {"b", 1}})});
  const auto outcome = run();
  ASSERT_EQ(model.questions.size(), 4U);
  EXPECT_EQ(tools.calls.size(), 3U);
  EXPECT_THAT(model.questions[2].functions, ::testing::SizeIs(1));
  EXPECT_THAT(model.questions[3].functions, IsEmpty());
  EXPECT_THAT(model.questions[3].messages[0].content, HasSubstr("cannot call tools any more"));
  EXPECT_EQ(outcome.response, "The model gave no answer.");
  EXPECT_THAT(outcome.messages.back().calls, IsEmpty());
}

TEST_F(TurnTest, ATurnThatUsedUpItsTokensAnswersWithoutTools) {
  limits.tokens = 5'000;
  messages[0].content = std::string(600, 'a');
  model.answer({call_of("add", {{"a", 1}, {"b", 1}}), Usage{4'700, 20}, Finished{"tool_calls"}});
  model.say("Two.");
  const auto outcome = run();
  ASSERT_EQ(model.questions.size(), 2U);
  EXPECT_THAT(model.questions[1].functions, IsEmpty());
  EXPECT_EQ(outcome.response, "Two.");
  EXPECT_GT(outcome.usage.total(), 4'720);  // the second answer did not count: estimated
}

Task<Result<tools::ToolResult>> telling_much(tools::ToolCall, tools::CallContext) {
  co_return tools::ToolResult::of_text(std::string(40'000, 'x'));
}

TEST_F(TurnTest, WhatToolsGaveIsShortenedToTheBudget) {
  limits.tokens = 6'000;
  tools.add("read", telling_much);
  model.call({call_of("read", {})});
  model.say("Much.");
  EXPECT_EQ(run().response, "Much.");
  EXPECT_THAT(model.questions.at(1).messages.back().content, HasSubstr("[cut: the first 1000 of 40000 bytes]"));
}

TEST_F(TurnTest, AServerThatCountsNothingDoesNotMakeTheBudgetEndless) {
  limits.tokens = 5'000;
  messages[0].content = std::string(4'000, 'a');
  model.repeat = true;
  model.answer({call_of("add", {{"a", 1}, {"b", 1}}), Usage{0, 0}, Finished{"tool_calls"}});
  run();
  EXPECT_LE(model.questions.size(), 9U);
  EXPECT_THAT(model.questions.back().functions, IsEmpty());
}

TEST_F(TurnTest, AQuestionBeyondTheBudgetIsNotAsked) {
  limits.tokens = 1'000;
  messages[0].content = std::string(8'000, 'a');
  EXPECT_THAT(run().response, HasSubstr("1000 tokens"));
  EXPECT_THAT(model.questions, IsEmpty());
}

Task<Result<http::Principal>> nobody_any_more(http::Principal) { co_return fail(Errc::invalid_token, "Signed out."); }

TEST_F(TurnTest, WhoHasSignedOutMeanwhileActsNoMore) {
  limits.approval = Approval::writes;
  still = nobody_any_more;
  std::vector<std::string> refused;
  note_refusals_in(refused);
  tools.add("send", tests::adding, false);
  model.call({call_of("send", {{"a", 1}, {"b", 1}}), call_of("add", {{"a", 1}, {"b", 1}})});
  FixedApprover yes(true);
  const auto outcome = run(&yes);
  EXPECT_THAT(tools.calls, IsEmpty());  // also what only reads may cost, or show something
  EXPECT_EQ(outcome.calls.at(0).result, "Signed out.");
  EXPECT_EQ(outcome.calls.at(1).result, "Signed out.");
  EXPECT_THAT(refused, ::testing::UnorderedElementsAre("send: denied signed_out", "add: denied signed_out"));
  ASSERT_TRUE(outcome.failure);
  EXPECT_EQ(outcome.failure->code, Errc::invalid_token);
  EXPECT_EQ(model.questions.size(), 1U);
}

Task<Result<http::Principal>> not_now(http::Principal) { co_return fail(Errc::unavailable, "The database is away."); }

TEST_F(TurnTest, WhenItCannotBeToldWhoAsksNoCallIsMadeAndTheTurnGoesOn) {
  still = not_now;
  std::vector<std::string> refused;
  note_refusals_in(refused);
  model.call({call_of("add", {{"a", 1}, {"b", 1}})});
  model.say("Not now.");
  const auto outcome = run();
  EXPECT_FALSE(outcome.failure);
  EXPECT_EQ(outcome.response, "Not now.");
  EXPECT_THAT(tools.calls, IsEmpty());
  EXPECT_THAT(refused, ElementsAre("add: none unavailable"));
}

Task<Result<http::Principal>> with_less(http::Principal principal) {
  principal.scope = "less";
  co_return principal;
}

TEST_F(TurnTest, WhoMayDoLessByNowDoesLess) {
  still = with_less;
  tools.add("send", tests::adding, false);
  model.call({call_of("send", {{"a", 1}, {"b", 1}}), call_of("add", {{"a", 1}, {"b", 1}})});
  EXPECT_FALSE(run().failure);
  EXPECT_EQ(tools.contexts.at(0).principal.scope, "less");
  EXPECT_EQ(tools.contexts.at(1).principal.scope, "less");
}

TEST_F(TurnTest, CallsThatAreNotMadeAreLogged) {
  std::vector<std::string> refused;
  note_refusals_in(refused);
  ModelCall broken = call_of("add", {});
  broken.broken = "{";
  model.call({call_of("nothing", {}), broken});
  for (int i = 0; i < 3; ++i) model.call({call_of("add", {{"a", 1}, {"b", 1}})});
  run();
  EXPECT_THAT(refused, ElementsAre("nothing: none not_found", "add: none arguments {", "add: none repeated"));
}

TEST_F(TurnTest, SecretArgumentsAreNotInWhatIsKept) {
  tools.add("check", tests::adding).secret_arguments = {"code"};
  model.call({call_of("check", {{"a", 1}, {"b", 1}, {"code", "123456"}})});
  model.say("Your code 123456 is right.");
  const auto outcome = run();
  EXPECT_EQ(tools.calls.at(0).arguments.at("code"), "123456");
  EXPECT_EQ(model.questions.at(1).messages.at(2).calls.at(0).arguments.at("code"), "123456");
  EXPECT_EQ(outcome.messages.at(0).calls.at(0).arguments.at("code"), "[redacted]");
  EXPECT_EQ(outcome.messages.back().content, "Your code [redacted] is right.");
  EXPECT_EQ(outcome.response, "Your code 123456 is right.");
}

TEST_F(TurnTest, CallsWithoutAnIdOrWithOneThatWasHadGetTheirOwn) {
  model.call({call_of("add", {{"a", 1}, {"b", 1}}, "same"), call_of("add", {{"a", 2}, {"b", 1}}, "same"),
              call_of("add", {{"a", 3}, {"b", 1}})});
  const auto outcome = run();
  EXPECT_EQ(outcome.calls.at(0).id, "same");
  EXPECT_NE(outcome.calls.at(1).id, "same");
  EXPECT_NE(outcome.calls.at(1).id, outcome.calls.at(2).id);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(outcome.messages.at(0).calls.at(i).id, outcome.calls.at(i).id);
    EXPECT_EQ(outcome.messages.at(i + 1).call_id, outcome.calls.at(i).id);
  }
}

TEST_F(TurnTest, AnIdOfAnEarlierTurnIsNotHadAgain) {
  messages.insert(messages.begin(), {{.role = Role::user, .content = "Add."},
                                     {.role = Role::assistant, .calls = {call_of("add", {{"a", 1}, {"b", 1}}, "c1")}},
                                     {.role = Role::tool, .content = "2", .calls = {}, .call_id = "c1"}});
  model.call({call_of("add", {{"a", 2}, {"b", 3}}, "c1")});
  model.say("Five.");
  EXPECT_NE(run().calls.at(0).id, "c1");
}

TEST_F(TurnTest, ToolsWithNamesThatModelsDoNotTakeAreCalledByTheirOwn) {
  tools.add("files.v1/read", tests::adding);
  model.say("First.");
  run();
  const std::string function = model.questions.at(0).functions.at(1).name;
  model.call({call_of(function, {{"a", 1}, {"b", 1}})});
  const auto outcome = run();
  EXPECT_EQ(outcome.calls.at(0).name, "files.v1/read");
  EXPECT_EQ(outcome.messages.at(0).calls.at(0).name, "files.v1/read");
  EXPECT_EQ(model.questions.back().messages.at(2).calls.at(0).name, function);
}

TEST_F(TurnTest, FailureOfTheModelKeepsWhatWasSaid) {
  model.answer({TextDelta{"It is"}});
  const auto outcome = run();
  ASSERT_TRUE(outcome.failure);
  EXPECT_EQ(outcome.failure->code, Errc::model_unavailable);
  EXPECT_EQ(outcome.response, "It is");
  EXPECT_EQ(outcome.messages.at(0).content, "It is");
}

TEST_F(TurnTest, StoppingEndsTheModel) {
  model.hang({TextDelta{"It is"}});
  std::thread stopper([&] {
    while (model.questions.empty()) std::this_thread::yield();
    stop.request_stop();
  });
  const auto outcome = run();
  stopper.join();
  EXPECT_TRUE(outcome.stopped);
  EXPECT_FALSE(outcome.failure);
}

TEST_F(TurnTest, StoppingEndsTheToolsThatRun) {
  tools.add("hang", tests::hanging);
  model.call({call_of("hang", {})});
  heard.on_start = [&] { std::thread([source = stop]() mutable { source.request_stop(); }).detach(); };
  const auto outcome = run();
  EXPECT_TRUE(outcome.stopped);
  EXPECT_EQ(outcome.calls.at(0).status(), "error");
  EXPECT_EQ(model.questions.size(), 1U);
  EXPECT_EQ(outcome.messages.back().role, Role::tool);  // every call has its answer in the conversation
}

TEST_F(TurnTest, AModelThatTakesTooLongIsGivenUp) {
  limits.time = 0s;
  model.fail(Errc::model_unavailable);
  const auto outcome = run();
  ASSERT_TRUE(outcome.failure);
  EXPECT_THAT(outcome.failure->detail, HasSubstr("longer than 0 seconds"));
}

TEST_F(TurnTest, WritesWaitForThePersonAndReadsDoNot) {
  limits.approval = Approval::writes;
  tools.add("send", tests::adding, false);
  model.call({call_of("add", {{"a", 1}, {"b", 1}}), call_of("send", {{"a", 2}, {"b", 2}})});
  FixedApprover approver(true);
  const auto outcome = run(&approver);
  EXPECT_THAT(approver.asked, ElementsAre("send"));
  EXPECT_EQ(outcome.calls.at(1).result, "4");
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(tools.contexts[i].decision, tools.calls[i].name == "send" ? "approved" : "allowed");
  }
}

TEST_F(TurnTest, WithAlwaysEveryCallWaits) {
  limits.approval = Approval::always;
  model.call({call_of("add", {{"a", 1}, {"b", 1}})});
  FixedApprover approver(true);
  run(&approver);
  EXPECT_THAT(approver.asked, ElementsAre("add"));
}

/// Says yes, but only when nobody waits for it any more.
class LateApprover final : public Approver {
 public:
  LateApprover(std::shared_ptr<Mailbox<int>> box, std::promise<void>& over) : box_(std::move(box)), over_(over) {}
  ~LateApprover() override { over_.set_value(); }
  Task<Answer> ask(ModelCall, Deadline) override {
    co_await box_->take(30s);
    co_return Answer{.allowed = true};
  }

 private:
  std::shared_ptr<Mailbox<int>> box_;
  std::promise<void>& over_;
};

TEST_F(TurnTest, APermissionThatComesAfterTheTurnIsForNothing) {
  IoThreads threads(1);
  threads.start();
  const auto executor = threads.context(0).get_executor();
  const auto box = std::make_shared<Mailbox<int>>(executor);
  std::promise<void> over;
  std::promise<TurnOutcome> ended;
  limits.approval = Approval::always;
  model.call({call_of("add", {{"a", 2}, {"b", 3}})});
  heard.on_start = [this] { stop.request_stop(); };
  {
    const Turn turn(tools, limits);
    asio::co_spawn(executor, turn.run(model, request(), heard, std::make_shared<LateApprover>(box, over)),
                   [&](const std::exception_ptr&, TurnOutcome outcome) { ended.set_value(std::move(outcome)); });
    EXPECT_EQ(ended.get_future().get().calls.at(0).result, "The call was given up.");
  }
  box->put(1);
  EXPECT_EQ(over.get_future().wait_for(30s), std::future_status::ready);
  threads.stop();
  EXPECT_THAT(tools.calls, IsEmpty());
}

TEST_F(TurnTest, ADeniedCallIsLoggedAndToldToTheModel) {
  limits.approval = Approval::writes;
  tools.add("send", tests::adding, false);
  model.call({call_of("send", {{"a", 2}, {"b", 2}})});
  FixedApprover approver(false);
  std::vector<std::string> refused;
  note_refusals_in(refused);
  const auto outcome = run(&approver);
  EXPECT_THAT(tools.calls, IsEmpty());
  EXPECT_EQ(outcome.calls.at(0).result, "The person said no.");
  EXPECT_THAT(refused, ElementsAre("send: denied denied"));
}

TEST_F(TurnTest, APermissionForATurnThatWasStoppedIsForNothing) {
  limits.approval = Approval::writes;
  tools.add("send", tests::adding, false);
  model.call({call_of("send", {{"a", 2}, {"b", 2}})});
  heard.on_start = [this] { stop.request_stop(); };
  FixedApprover approver(true);
  std::vector<std::string> refused;
  note_refusals_in(refused);
  EXPECT_TRUE(run(&approver).stopped);
  EXPECT_THAT(tools.calls, IsEmpty());
  EXPECT_THAT(refused, ElementsAre("send: none cancelled"));
}

TEST_F(TurnTest, WithoutAnybodyToAskACallThatNeedsItIsDenied) {
  limits.approval = Approval::writes;
  tools.add("send", tests::adding, false);
  model.call({call_of("send", {{"a", 2}, {"b", 2}})});
  std::vector<std::string> refused;
  note_refusals_in(refused);
  const auto outcome = run();
  EXPECT_THAT(tools.calls, IsEmpty());
  EXPECT_TRUE(outcome.calls.at(0).is_error);
  EXPECT_THAT(refused, ElementsAre("send: denied unanswered"));
}

Task<Result<tools::ToolResult>> reporting(tools::ToolCall, tools::CallContext context) {
  context.progress(1, 2, "half");
  co_return tools::ToolResult::of_text("done");
}

TEST_F(TurnTest, ProgressOfToolsIsHeard) {
  tools.add("slow", reporting);
  model.call({call_of("slow", {})});
  run();
  EXPECT_THAT(heard.events, ::testing::Contains("progress 1 half"));
}

Task<Result<tools::ToolResult>> enormous(tools::ToolCall, tools::CallContext) {
  std::string text(10'000'000, 'x');
  text.insert(99'999, "\u00e4");  // ends after the cut
  co_return tools::ToolResult::of_text(std::move(text));
}

TEST_F(TurnTest, AnEnormousResultIsCutBetweenCharactersAndSaysSo) {
  tools.add("huge", enormous);
  model.call({call_of("huge", {})});
  const auto outcome = run();
  const std::string& result = outcome.calls.at(0).result;
  EXPECT_LT(result.size(), 100'100U);
  EXPECT_THAT(result, HasSubstr("[cut: the first 99999 of 10000002 bytes]"));
}

TEST_F(TurnTest, WithoutItsListOfToolsATurnFails) {
  tools.list_failure = Error{Errc::unavailable, "away"};
  const auto outcome = run();
  ASSERT_TRUE(outcome.failure);
  EXPECT_EQ(outcome.failure->code, Errc::unavailable);
  EXPECT_THAT(model.questions, IsEmpty());
}

}  // namespace
}  // namespace kriya::agent
