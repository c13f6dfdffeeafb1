// Chats as their clients see them: events, answers, stops, approvals; with a model and tools from a script.
#include "agent/chat.h"

#include <atomic>
#include <future>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "crypto/random.h"
#include "storage/ephemeral/memory.h"
#include "tests/support/fake_chat_model.h"
#include "tests/support/fake_tools.h"
#include "tests/support/test_database.h"

namespace kriya::agent {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using tests::soon;

/// What a client got, read on the chat's own thread.
struct Got {
  std::vector<ChatEvent> events;
  json::object answer;
  std::optional<Error> failure;
  Uuid conversation;

  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& event : events) all.push_back(event.name);
    return all;
  }
  json::object data(const std::string& name) const {
    for (const auto& event : events) {
      if (event.name == name) return parse_json(event.data)->as_object();
    }
    return {};
  }
};

using OnEvent = std::function<void(const ChatEvent&, const RunningChat&)>;

Task<Got> talk(Chat* chat, ChatRequest request, ChatClient client, OnEvent on_event) {
  Got got;
  auto started = co_await chat->start(std::move(request), std::move(client), soon());
  if (!started) {
    got.failure = started.error();
    co_return got;
  }
  const auto running = *started;
  while (!running->events->is_done()) {
    if (auto event = co_await running->events->take(30s)) {
      if (on_event) on_event(*event, *running);
      got.events.push_back(*std::move(event));
    }
  }
  got.conversation = running->turn->conversation();
  got.failure = running->failure;
  if (!running->answer.empty()) got.answer = parse_json(running->answer)->as_object();
  co_return got;
}

Task<void> write_down(std::vector<std::string>* refused, tools::ToolCall call, tools::Refusal refusal) {
  refused->push_back(call.name + ": " + refusal.decision + " " + refusal.kind);
  co_return;
}

class ChatTest : public ::testing::Test {
 protected:
  ChatTest() {
    tools_.add("add", tests::adding, true, tests::add_schema());
    auto model = std::make_unique<tests::FakeChatModel>();
    model_ = model.get();
    models_.add("openai", "gpt", std::move(model));
    threads_.start();
  }
  ~ChatTest() override {
    while (turns_.count() > 0) std::this_thread::yield();  // the last of a chat comes after its events
    threads_.stop();
  }

  Chat& chat() {
    if (!chat_) {
      chat_.emplace(Chat::Parts{tools_, without_model_ ? no_models_ : models_, store_, turns_, clock_, database_.log(),
                                database_.metrics()},
                    Chat::Options{.limits = limits_,
                                  .approval_within = approval_within_,
                                  .refuse =
                                      [this](tools::ToolCall call, tools::CallContext, tools::Refusal refusal) {
                                        return write_down(&refused_, std::move(call), std::move(refusal));
                                      },
                                  .still = still_,
                                  .look_every = 1ms});
    }
    return *chat_;
  }

  ChatClient client(bool events = true, const std::string& owner = "user:1") {
    return {.owner = owner,
            .principal = {.user_id = Uuid()},
            .request_id = "r1",
            .trace_id = "t1",
            .address = "127.0.0.1",
            .can_approve = events,
            .gone = gone_.get_token()};
  }

  Got say(const std::string& message, std::optional<Uuid> conversation = {}, bool events = true,
          OnEvent on_event = {}) {
    ChatRequest request;
    request.message = message;
    request.conversation_id = conversation;
    return run(std::move(request), client(events), std::move(on_event));
  }
  Got run(ChatRequest request, ChatClient who, OnEvent on_event = {}) {
    std::promise<Got> promise;
    asio::co_spawn(threads_.context(0).get_executor(),
                   talk(&chat(), std::move(request), std::move(who), std::move(on_event)),
                   [&](const std::exception_ptr& failure, Got got) {
                     failure ? promise.set_exception(failure) : promise.set_value(std::move(got));
                   });
    return promise.get_future().get();
  }
  std::vector<StoredMessage> stored(Uuid id) {
    return run_to_completion(store_.messages(id, "user:1", 100, soon())).value();
  }

  IoThreads threads_{1};  // outlives what answers to it from other threads
  tests::TestDatabase database_{tests::Engine::sqlite};
  SystemClock clock_;
  storage::ephemeral::Memory memory_{clock_};
  ConversationStore store_{*database_};
  LiveTurns turns_{memory_, 2};
  tests::FakeTools tools_;
  struct NoClient final : http::client::StreamingClient {
    Task<http::client::Opened> open(http::client::Request, Deadline) override { throw std::logic_error("no calls"); }
  } no_client_;
  Models models_{no_client_, {}, {"gpt-big"}};
  Models no_models_{no_client_, {}, {}};
  tests::FakeChatModel* model_ = nullptr;
  bool without_model_ = false;
  TurnLimits limits_;
  std::chrono::seconds approval_within_{120};
  Turn::Still still_;
  std::vector<std::string> refused_;  // "name: decision kind"
  std::stop_source gone_;
  std::optional<Chat> chat_;
};

TEST_F(ChatTest, TellsAnAnswerByEventsAndThenWhole) {
  model_->call({{.id = "c1", .name = "add", .arguments = {{"a", 2}, {"b", 3}}}});
  model_->answer({TextDelta{"Fi"}, TextDelta{"ve."}, Usage{10, 2}, Finished{"stop"}});
  const Got got = say("What is 2 + 3?");
  EXPECT_THAT(got.names(), ElementsAre("start", "tool_call", "tool_result", "text", "text", "done"));
  EXPECT_EQ(got.data("start").at("conversation_id").as_string(), got.conversation.str());
  EXPECT_EQ(got.data("tool_call").at("arguments").at("a"), 2);
  EXPECT_EQ(got.data("tool_result").at("result"), "5");
  EXPECT_EQ(got.data("tool_result").at("status"), "success");
  EXPECT_EQ(got.data("done"), got.answer);
  EXPECT_EQ(got.answer.at("response"), "Five.");
  EXPECT_EQ(got.answer.at("tool_calls").at(0).at("name"), "add");
  EXPECT_EQ(got.answer.at("tool_calls").at(0).at("result"), "5");
  EXPECT_EQ(got.answer.at("metadata").at("model"), "gpt");
  EXPECT_EQ(got.answer.at("metadata").at("api"), "openai");
}

TEST_F(ChatTest, AJsonAnswerHasNoEvents) {
  model_->say("Hello.");
  const Got got = say("Hi", {}, false);
  EXPECT_TRUE(got.events.empty());
  EXPECT_EQ(got.answer.at("response"), "Hello.");
}

TEST_F(ChatTest, ToolsLearnWhereACallComesFrom) {
  model_->call({{.id = "c1", .name = "add", .arguments = {{"a", 2}, {"b", 3}}}});
  const Got got = say("Add");
  const auto& context = tools_.contexts.at(0);
  EXPECT_EQ(context.via, "chat");
  EXPECT_EQ(context.session_id, got.conversation.str());
  EXPECT_EQ(context.request_id, "r1");
  EXPECT_EQ(context.trace_id, "t1");
  EXPECT_EQ(context.metadata.at("model"), "gpt");
}

TEST_F(ChatTest, AConversationGoesOnWithWhatWasSaid) {
  model_->call({{.id = "c1", .name = "add", .arguments = {{"a", 2}, {"b", 3}}}});
  model_->say("Five.");
  const Got first = say("What is 2 + 3?");
  model_->say("Six.");
  const Got second = say("And one more?", first.conversation);
  EXPECT_EQ(second.conversation, first.conversation);
  const auto& asked = model_->questions.back().messages;
  ASSERT_EQ(asked.size(), 6U);  // instructions, question, call, result, answer, question
  EXPECT_EQ(asked[1].content, "What is 2 + 3?");
  EXPECT_EQ(asked[2].calls.at(0).name, "add");
  EXPECT_EQ(asked[5].content, "And one more?");
  EXPECT_EQ(stored(first.conversation).size(), 6U);
}

TEST_F(ChatTest, AnothersConversationIsNotFound) {
  model_->say("Hello.");
  const Got first = say("Hi");
  ChatRequest request;
  request.message = "Tell me";
  request.conversation_id = first.conversation;
  EXPECT_EQ(run(std::move(request), client(true, "user:2")).failure->code, Errc::not_found);
}

TEST_F(ChatTest, TheOriginalFormBringsItsHistoryAndIsNotStored) {
  model_->say("Hello.");
  ChatRequest request;
  request.messages = {{{"role", "user"}, {"content", "One"}},
                      {{"role", "assistant"}, {"content", "Two"}},
                      {{"role", "user"}, {"content", "Three"}}};
  request.model = "gpt-big";
  const Got got = run(std::move(request), client());
  EXPECT_EQ(got.answer.at("metadata").at("model"), "gpt-big");
  EXPECT_EQ(model_->questions.at(0).messages.at(2).content, "Two");
  EXPECT_TRUE(stored(got.conversation).empty());
}

TEST_F(ChatTest, AnUnknownApiIsNamedWithTheKnownOnes) {
  ChatRequest request;
  request.message = "Hi";
  request.api = "nobody";
  const Got got = run(std::move(request), client());
  ASSERT_TRUE(got.failure);
  EXPECT_EQ(got.failure->code, Errc::invalid_fields);
  EXPECT_EQ(got.failure->fields.at(0).message, "must be one of openai");
}

TEST_F(ChatTest, WithoutAModelAnUnknownApiIsUnknownAllTheSame) {
  without_model_ = true;
  ChatRequest request;
  request.message = "Hi";
  request.api = "openai";  // would be there
  EXPECT_FALSE(run(request, client()).failure);
  request.api = "nobody";
  const Got got = run(std::move(request), client());
  ASSERT_TRUE(got.failure);
  EXPECT_EQ(got.failure->code, Errc::invalid_fields);
  EXPECT_EQ(got.failure->fields.at(0).field, "api");
}

TEST_F(ChatTest, ACommandSaysThatNoModelRan) {
  const Got got = say("/add a=2 b=3");
  for (const json::object& metadata : {got.answer.at("metadata").as_object(), tools_.contexts.at(0).metadata}) {
    EXPECT_TRUE(metadata.at("model").is_null());
    EXPECT_TRUE(metadata.at("api").is_null());
  }
}

TEST_F(ChatTest, AFailureOfTheModelIsTheLastEventAndTheConversationGoesOn) {
  model_->answer({TextDelta{"It is"}});
  const Got got = say("What?");
  EXPECT_THAT(got.names(), ElementsAre("start", "text", "error"));
  EXPECT_EQ(got.data("error").at("code"), "model_unavailable");
  EXPECT_THAT(stored(got.conversation).back().message.content, HasSubstr("It is\n\n[broken off"));
  model_->say("Again.");
  EXPECT_EQ(say("Again?", got.conversation).answer.at("response"), "Again.");
}

TEST_F(ChatTest, AClientThatGoesAwayStopsTheModelAndWhatWasSaidIsKept) {
  model_->hang({TextDelta{"It is"}});
  const Got got = say("What?", {}, true, [&](const ChatEvent& event, const RunningChat&) {
    if (event.name == "text") gone_.request_stop();
  });
  EXPECT_EQ(got.answer.at("metadata").at("stopped"), true);
  EXPECT_EQ(stored(got.conversation).back().message.content, "It is\n\n[stopped]");
}

TEST_F(ChatTest, AClientThatGoesAwayStopsTheTools) {
  tools_.add("hang", tests::hanging);
  model_->call({{.id = "c1", .name = "hang"}});
  const Got got = say("Wait", {}, true, [&](const ChatEvent& event, const RunningChat&) {
    if (event.name == "tool_call") gone_.request_stop();
  });
  EXPECT_EQ(got.data("tool_result").at("status"), "error");
  EXPECT_EQ(got.answer.at("metadata").at("stopped"), true);
}

/// Who asks is there until the looks are used up; then what `left` says.
Task<Result<http::Principal>> there_for(std::atomic<int>* looks, Error left, http::Principal principal) {
  if (--*looks >= 0) co_return principal;
  co_return fail(std::move(left));
}

TEST_F(ChatTest, AnAnswerEndsSoonAfterItsPersonHasSignedOut) {
  std::atomic<int> looks = 2;
  still_ = [&looks](http::Principal principal) {
    return there_for(&looks, {Errc::invalid_token, "The sign-in has ended."}, std::move(principal));
  };
  model_->hang({TextDelta{"It is"}});
  const Got got = say("What?");
  EXPECT_THAT(got.names(), ElementsAre("start", "text", "error"));
  EXPECT_EQ(got.data("error").at("code"), "invalid_token");
  EXPECT_EQ(got.data("error").at("status"), 401);
  EXPECT_EQ(stored(got.conversation).back().message.content, "It is\n\n[broken off: The sign-in has ended.]");
  EXPECT_EQ(looks, -1);  // it is not asked again
}

TEST_F(ChatTest, AToolThatRunsIsStoppedToo) {
  std::atomic<int> looks = 2;
  still_ = [&looks](http::Principal principal) {
    return there_for(&looks, {Errc::invalid_token, "The sign-in has ended."}, std::move(principal));
  };
  tools_.add("hang", tests::hanging);
  EXPECT_EQ(say("/hang", {}, false).failure->code, Errc::invalid_token);
  EXPECT_EQ(tools_.calls.size(), 1U);
}

TEST_F(ChatTest, ADatabaseThatIsAwayForAMomentEndsNoAnswer) {
  std::atomic<int> looks = 0;
  still_ = [this, &looks](http::Principal principal) {
    if (looks == -3) gone_.request_stop();  // it was asked often enough
    return there_for(&looks, {Errc::unavailable, "The database is away."}, std::move(principal));
  };
  model_->hang({TextDelta{"It is"}});
  const Got got = say("What?");
  EXPECT_FALSE(got.failure);
  EXPECT_EQ(got.answer.at("metadata").at("stopped"), true);
}

Task<void> cancel_soon(LiveTurns* turns, std::string owner, Uuid conversation, bool* found) {
  *found = co_await turns->cancel(std::move(owner), conversation, soon());
}

TEST_F(ChatTest, CancellingStopsItsOwnersTurnOnly) {
  model_->hang({TextDelta{"It is"}});
  bool another = true;
  bool own = false;
  const Got got = say("What?", {}, true, [&](const ChatEvent& event, const RunningChat& running) {
    if (event.name != "text") return;
    const auto id = running.turn->conversation();
    asio::co_spawn(threads_.context(0).get_executor(), cancel_soon(&turns_, "user:2", id, &another),
                   [&, id](const std::exception_ptr&) {
                     asio::co_spawn(threads_.context(0).get_executor(), cancel_soon(&turns_, "user:1", id, &own),
                                    [](const std::exception_ptr&) {});
                   });
  });
  EXPECT_FALSE(another);
  EXPECT_TRUE(own);
  EXPECT_EQ(got.answer.at("metadata").at("stopped"), true);
}

TEST_F(ChatTest, AnotherInstanceCanCancelATurn) {
  LiveTurns elsewhere(memory_, 2);
  model_->hang({TextDelta{"It is"}});
  bool found = false;
  const Got got = say("What?", {}, true, [&](const ChatEvent& event, const RunningChat& running) {
    if (event.name != "text") return;
    asio::co_spawn(threads_.context(0).get_executor(),
                   cancel_soon(&elsewhere, "user:1", running.turn->conversation(), &found),
                   [](const std::exception_ptr&) {});
  });
  EXPECT_EQ(got.answer.at("metadata").at("stopped"), true);
  bool again = true;
  run_to_completion([](LiveTurns* turns, Uuid id, bool* result) -> Task<bool> {
    *result = co_await turns->cancel("user:1", id, soon());
    co_return true;
  }(&elsewhere, got.conversation, &again));
  EXPECT_FALSE(again);
}

Task<void> end_soon(LiveTurns* turns, std::string owner, Uuid conversation) {
  co_await turns->end(std::move(owner), conversation);
}

TEST_F(ChatTest, ATurnIsEndedWhereverItRuns) {
  LiveTurns elsewhere(memory_, 2);
  for (LiveTurns* turns : {&turns_, &elsewhere}) {
    model_->hang({TextDelta{"It is"}});
    const Got got = say("What?", {}, true, [&](const ChatEvent& event, const RunningChat& running) {
      if (event.name != "text") return;
      asio::co_spawn(threads_.context(0).get_executor(), end_soon(turns, "user:1", running.turn->conversation()),
                     [](const std::exception_ptr&) {});
    });
    EXPECT_EQ(got.answer.at("metadata").at("stopped"), true);
  }
}

class ApprovalTest : public ChatTest {
 protected:
  ApprovalTest() {
    tools_.add("send", tests::adding, false, tests::add_schema());
    wish();
  }
  void wish() {
    model_->call({{.id = "c" + std::to_string(++wishes_), .name = "send", .arguments = {{"a", 1}, {"b", 1}}}});
    model_->say("Done.");
  }
  OnEvent decide(LiveTurns& turns, Decision decision) {
    return [this, &turns, decision](const ChatEvent& event, const RunningChat& running) {
      if (event.name != "approval") return;
      const auto data = parse_json(event.data)->as_object();
      asio::co_spawn(threads_.context(0).get_executor(),
                     turns.decide("user:1", running.turn->conversation(), std::string(data.at("id").as_string()),
                                  decision, soon()),
                     [](const std::exception_ptr&, bool) {});
    };
  }
  int wishes_ = 0;
};

TEST_F(ApprovalTest, AnAllowedCallIsMade) {
  const Got got = say("Send", {}, true, decide(turns_, Decision::allow));
  EXPECT_THAT(got.names(), ElementsAre("start", "tool_call", "approval", "tool_result", "text", "done"));
  EXPECT_TRUE(got.data("approval").contains("expires_at"));
  EXPECT_EQ(tools_.contexts.at(0).decision, "approved");
}

TEST_F(ApprovalTest, ADeniedCallIsNotMade) {
  const Got got = say("Send", {}, true, decide(turns_, Decision::deny));
  EXPECT_TRUE(tools_.calls.empty());
  EXPECT_EQ(got.data("tool_result").at("status"), "error");
  EXPECT_THAT(std::string(got.data("tool_result").at("result").as_string()), HasSubstr("denied"));
  EXPECT_THAT(refused_, ElementsAre("send: denied denied"));
}

TEST_F(ApprovalTest, TheDecisionMayComeByAnotherInstance) {
  LiveTurns elsewhere(memory_, 2);
  say("Send", {}, true, decide(elsewhere, Decision::allow));
  EXPECT_EQ(tools_.calls.size(), 1U);
}

TEST_F(ApprovalTest, AlwaysHoldsForTheToolInThisConversation) {
  const Got first = say("Send", {}, true, decide(turns_, Decision::always));
  wish();
  const Got second = say("Send", first.conversation);
  EXPECT_THAT(second.names(), ::testing::Not(Contains("approval")));
  EXPECT_EQ(tools_.calls.size(), 2U);
}

TEST_F(ApprovalTest, WhoDoesNotAnswerInTimeHasDenied) {
  approval_within_ = 0s;
  const Got got = say("Send");
  EXPECT_TRUE(tools_.calls.empty());
  EXPECT_THAT(std::string(got.data("tool_result").at("result").as_string()), HasSubstr("did not approve"));
  EXPECT_THAT(refused_, ElementsAre("send: denied unanswered"));
}

TEST_F(ApprovalTest, AClientWithoutEventsIsDeniedWithTheWayOut) {
  say("Send", {}, false);
  EXPECT_TRUE(tools_.calls.empty());
  EXPECT_THAT(model_->questions.at(1).messages.back().content, HasSubstr("/send {\"a\":1,\"b\":1}"));
  EXPECT_THAT(refused_, ElementsAre("send: denied unanswered"));
}

TEST_F(ApprovalTest, GoingAwayEndsTheQuestion) {
  const Got got = say("Send", {}, true, [&](const ChatEvent& event, const RunningChat&) {
    if (event.name == "approval") gone_.request_stop();
  });
  EXPECT_TRUE(tools_.calls.empty());
  EXPECT_THAT(refused_, ElementsAre("send: none cancelled"));
  EXPECT_EQ(got.answer.at("metadata").at("stopped"), true);
}

TEST_F(ChatTest, ACommandRunsTheToolByThePersonsOwnDecision) {
  without_model_ = true;
  const Got got = say("/add a=2 b=3");
  EXPECT_THAT(got.names(), ElementsAre("start", "tool_call", "tool_result", "text", "done"));
  EXPECT_EQ(got.answer.at("response"), "5");
  EXPECT_EQ(got.answer.at("tool_calls").at(0).at("arguments").at("a"), 2);
  EXPECT_EQ(tools_.contexts.at(0).via, "command");
  EXPECT_EQ(tools_.contexts.at(0).decision, "approved");
  const auto all = stored(got.conversation);
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(all[1].message.calls.at(0).name, "add");
  EXPECT_EQ(all[2].message.content, "5");
}

TEST_F(ChatTest, ASecretOfACommandIsNotKept) {
  auto& spec = tools_.add("check", tests::adding, true, tests::add_schema());
  spec.secret_arguments = {"code"};
  spec.input_schema["properties"].as_object()["code"] = {{"type", "string"}};
  for (const std::string command :
       {"/check a=1 b=1 code=123456", "/check {\"a\":1,\"b\":1,\"code\":\"123456\"}", "/check 123456",
        "/check cod=123456", "/check code=\"123456", "/chekc code=123456", "/check{\"code\":\"123456\""}) {
    const Got got = say(command);
    for (const StoredMessage& one : stored(got.conversation)) {
      EXPECT_THAT(one.message.content, ::testing::Not(HasSubstr("123456"))) << command;
      for (const ModelCall& call : one.message.calls) EXPECT_EQ(call.arguments.at("code"), "[redacted]") << command;
    }
  }
  EXPECT_EQ(tools_.calls.at(0).arguments.at("code"), "123456");
  EXPECT_EQ(stored(say("/add a=2 b=3").conversation)[0].message.content, "/add a=2 b=3");
}

TEST_F(ChatTest, CommandsThatAreWrongAreExplained) {
  without_model_ = true;
  EXPECT_THAT(std::string(say("/ad a=2").answer.at("response").as_string()), HasSubstr("Did you mean /add?"));
  EXPECT_THAT(std::string(say("/add a=x").answer.at("response").as_string()), HasSubstr("whole number"));
  EXPECT_THAT(std::string(say("/help").answer.at("response").as_string()), HasSubstr("/add a=<integer>"));
  EXPECT_THAT(std::string(say("/help add").answer.at("response").as_string()), HasSubstr("The first."));
  EXPECT_TRUE(tools_.calls.empty());
}

TEST_F(ChatTest, WithoutAModelPlainTextSaysHowToConfigureOne) {
  without_model_ = true;
  const Got got = say("Hello");
  EXPECT_THAT(std::string(got.answer.at("response").as_string()), HasSubstr("OPENAI_API_KEY"));
  EXPECT_FALSE(got.failure);
}

Task<bool> fill(LiveTurns* turns, bool* same, bool* third, bool* afterwards) {
  const Executor executor = co_await asio::this_coro::executor;
  const Uuid id = crypto::new_uuid(Timestamp{1});
  auto first = turns->enter(executor, "user:1", id);
  *same = turns->enter(executor, "user:2", id).has_value();
  auto second = turns->enter(executor, "user:1", crypto::new_uuid(Timestamp{2}));
  auto refused = turns->enter(executor, "user:1", crypto::new_uuid(Timestamp{3}));
  *third = refused.has_value() || refused.error().code != Errc::too_many_requests;
  (*second)->leave();
  *afterwards = turns->enter(executor, "user:1", crypto::new_uuid(Timestamp{3})).has_value();
  co_return true;
}

TEST_F(ChatTest, TurnsAreOneAConversationAndAFewAPerson) {
  bool same = true;
  bool third = true;
  bool afterwards = false;
  run_to_completion(fill(&turns_, &same, &third, &afterwards));
  EXPECT_FALSE(same);
  EXPECT_FALSE(third);
  EXPECT_TRUE(afterwards);
}

TEST_F(ChatTest, WhenTheProgramEndsEveryTurnIsStopped) {
  model_->hang({TextDelta{"It is"}});
  const Got got = say("What?", {}, true, [&](const ChatEvent& event, const RunningChat&) {
    if (event.name == "text") turns_.stop_all();
  });
  EXPECT_EQ(got.answer.at("metadata").at("stopped"), true);
}

}  // namespace
}  // namespace kriya::agent
