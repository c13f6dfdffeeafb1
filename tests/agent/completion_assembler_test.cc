// Streams in the shapes that servers were recorded to send.
#include "agent/completion_assembler.h"

#include <boost/json/serialize.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kriya::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct Assembled {
  std::string text;
  std::vector<ModelCall> calls;
  std::optional<Usage> usage;
  std::string reason;
  std::optional<Error> error;
};

Assembled assemble(const std::vector<std::string>& chunks) {
  CompletionAssembler assembler;
  Assembled all;
  for (const std::string& chunk : chunks) {
    auto text = assembler.take(chunk);
    if (!text) {
      all.error = text.error();
      return all;
    }
    all.text += text->value_or("");
  }
  auto events = assembler.finish();
  if (!events) {
    all.error = events.error();
    return all;
  }
  for (ModelEvent& event : *events) {
    if (auto* call = std::get_if<ModelCall>(&event)) all.calls.push_back(*call);
    if (auto* usage = std::get_if<Usage>(&event)) all.usage = *usage;
    if (auto* finished = std::get_if<Finished>(&event)) all.reason = finished->reason;
  }
  return all;
}

std::string delta(const std::string& members, const std::string& reason = "null") {
  return R"({"id":"x","object":"chat.completion.chunk","choices":[{"index":0,"delta":{)" + members +
         R"(},"finish_reason":)" + reason + "}]}";
}
std::string calls(const std::string& pieces) { return delta(R"("tool_calls":[)" + pieces + "]"); }
const std::string kStop = delta("", R"("stop")");
const std::string kToolCalls = delta("", R"("tool_calls")");
const std::string kDone = "[DONE]";

std::vector<std::string> written(const std::vector<ModelCall>& calls) {
  std::vector<std::string> all;
  for (const ModelCall& call : calls) all.push_back(call.id + " " + call.name + " " + json::serialize(call.arguments));
  return all;
}

TEST(CompletionAssembler, JoinsTextAndPassesOverNull) {
  const auto all = assemble({delta(R"("role":"assistant","content":"")"), delta(R"("content":"Hel")"),
                             delta(R"("content":null)"), delta(R"("content":"lo")"), kStop, kDone});
  EXPECT_EQ(all.text, "Hello");
  EXPECT_EQ(all.reason, "stop");
  EXPECT_THAT(all.calls, IsEmpty());
}

TEST(CompletionAssembler, JoinsArgumentsThatComeInParts) {
  const auto all =
      assemble({calls(R"({"index":0,"id":"c1","type":"function","function":{"name":"add","arguments":""}})"),
                calls(R"({"index":0,"function":{"arguments":"{\"a\":"}})"),
                calls(R"({"index":0,"function":{"arguments":"2}"}})"), kToolCalls, kDone});
  EXPECT_THAT(written(all.calls), ElementsAre(R"(c1 add {"a":2})"));
}

TEST(CompletionAssembler, KeepsParallelCallsApartByTheirIndex) {
  const auto all = assemble({calls(R"({"index":0,"id":"c1","function":{"name":"add","arguments":""}})"),
                             calls(R"({"index":1,"id":"c2","function":{"name":"add","arguments":""}})"),
                             calls(R"({"index":1,"function":{"arguments":"{\"a\":2}"}})"),
                             calls(R"({"index":0,"function":{"arguments":"{\"a\":1}"}})"), kToolCalls, kDone});
  EXPECT_THAT(written(all.calls), ElementsAre(R"(c1 add {"a":1})", R"(c2 add {"a":2})"));
}

TEST(CompletionAssembler, ANewIdBeginsACallThoughAllHaveIndexZero) {
  const auto all = assemble({calls(R"({"index":0,"id":"c1","function":{"name":"add","arguments":"{\"a\":"}})"),
                             calls(R"({"index":0,"function":{"arguments":"1}"}})"),
                             calls(R"({"index":0,"id":"c2","function":{"name":"add","arguments":"{\"a\""}})"),
                             calls(R"({"index":0,"function":{"arguments":":2}"}})"), kToolCalls, kDone});
  EXPECT_THAT(written(all.calls), ElementsAre(R"(c1 add {"a":1})", R"(c2 add {"a":2})"));
}

TEST(CompletionAssembler, TheSameIdInEveryPieceIsOneCall) {
  const auto all = assemble({calls(R"({"index":0,"id":"c1","function":{"name":"add","arguments":"{\"a\":"}})"),
                             calls(R"({"index":0,"id":"c1","function":{"name":"add","arguments":"1}"}})"), kToolCalls});
  EXPECT_THAT(written(all.calls), ElementsAre(R"(c1 add {"a":1})"));
}

TEST(CompletionAssembler, ANewIdWithoutANameGoesOnWithTheCallOfItsIndex) {
  const auto all = assemble({calls(R"({"index":0,"id":"c1","function":{"name":"add","arguments":"{\"a\":"}})"),
                             calls(R"({"index":0,"id":"other","function":{"arguments":"1}"}})"), kToolCalls});
  EXPECT_THAT(written(all.calls), ElementsAre(R"(c1 add {"a":1})"));
}

TEST(CompletionAssembler, TellsCallsWithoutIdsApart) {
  const auto all = assemble({calls(R"({"index":0,"function":{"name":"add","arguments":"{\"a\":1}"}})"),
                             calls(R"({"index":0,"function":{"name":"add","arguments":"{\"a\":2}"}})"),
                             calls(R"({"function":{"name":"whoami","arguments":"{}"}})"), kToolCalls});
  EXPECT_THAT(written(all.calls), ElementsAre(R"( add {"a":1})", R"( add {"a":2})", " whoami {}"));
}

TEST(CompletionAssembler, TakesCallsAlthoughTheReasonIsStop) {
  const auto all =
      assemble({calls(R"({"index":0,"id":"c1","function":{"name":"add","arguments":"{}"}})"), kStop, kDone});
  EXPECT_THAT(written(all.calls), ElementsAre("c1 add {}"));
}

TEST(CompletionAssembler, TakesArgumentsAsAnObjectAsNothingAndTwiceEncoded) {
  const auto all = assemble({calls(R"({"index":0,"id":"c1","function":{"name":"a","arguments":{"a":1}}})"),
                             calls(R"({"index":1,"id":"c2","function":{"name":"b","arguments":""}})"),
                             calls(R"({"index":2,"id":"c3","function":{"name":"c","arguments":null}})"),
                             calls(R"({"index":3,"id":"c4","function":{"name":"d"}})"),
                             calls(R"({"index":4,"id":"c5","function":{"name":"e","arguments":"\"{\\\"a\\\":1}\""}})"),
                             kToolCalls, kDone});
  EXPECT_THAT(written(all.calls), ElementsAre(R"(c1 a {"a":1})", "c2 b {}", "c3 c {}", "c4 d {}", R"(c5 e {"a":1})"));
}

TEST(CompletionAssembler, TruncatedArgumentsAreTheCallsTroubleAlone) {
  const auto all =
      assemble({calls(R"({"index":0,"id":"c1","function":{"name":"add","arguments":"{\"a\": 1, \"b"}})"),
                calls(R"({"index":1,"id":"c2","function":{"name":"add","arguments":"[1]"}})"), kToolCalls});
  ASSERT_EQ(all.calls.size(), 2U);
  EXPECT_EQ(all.calls[0].broken, R"({"a": 1, "b)");
  EXPECT_EQ(all.calls[1].broken, "[1]");
  EXPECT_THAT(all.calls[0].arguments, IsEmpty());
}

TEST(CompletionAssembler, FindsUsageInAChunkWithoutChoices) {
  const auto all = assemble({delta(R"("content":"x")"), kStop,
                             R"({"choices":[],"usage":{"prompt_tokens":12,"completion_tokens":3}})", kDone});
  ASSERT_TRUE(all.usage);
  EXPECT_EQ(all.usage->prompt, 12);
  EXPECT_EQ(all.usage->completion, 3);
}

TEST(CompletionAssembler, NeedsNoDoneAfterAReason) {
  EXPECT_FALSE(assemble({delta(R"("content":"x")"), kStop}).error);
  EXPECT_FALSE(assemble({delta(R"("content":"x")"), kDone}).error);
}

TEST(CompletionAssembler, AStreamThatBreaksOffIsAnError) {
  const auto all = assemble({delta(R"("content":"x")")});
  ASSERT_TRUE(all.error);
  EXPECT_EQ(all.error->code, Errc::model_unavailable);
}

TEST(CompletionAssembler, AnErrorInsideTheStreamIsToldInOurWords) {
  const auto failed =
      assemble({delta(R"("content":"x")"), R"({"error":{"message":"bad key sk-1","type":"server_error"}})"});
  ASSERT_TRUE(failed.error);
  EXPECT_EQ(failed.error->code, Errc::model_unavailable);
  EXPECT_EQ(failed.error->detail.find("sk-1"), std::string::npos);
  const auto busy = assemble({R"({"error":{"message":"slow down","code":429}})"});
  EXPECT_EQ(busy.error->code, Errc::overloaded);
  EXPECT_EQ(assemble({R"({"error":{"type":"rate_limit_error"}})"}).error->code, Errc::overloaded);
}

TEST(CompletionAssembler, TakesAWholeAnswer) {
  const auto all = assemble(
      {R"({"object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"Let me see.",)"
       R"("tool_calls":[{"id":"c1","type":"function","function":{"name":"add","arguments":"{\"a\":1}"}},)"
       R"({"id":"c2","type":"function","function":{"name":"add","arguments":{"a":2}}}]},"finish_reason":"stop"}],)"
       R"("usage":{"prompt_tokens":1,"completion_tokens":2}})"});
  EXPECT_EQ(all.text, "Let me see.");
  EXPECT_THAT(written(all.calls), ElementsAre(R"(c1 add {"a":1})", R"(c2 add {"a":2})"));
  EXPECT_EQ(all.usage->total(), 3);
}

TEST(CompletionAssembler, RefusesWhatIsNoJson) {
  for (const char* chunk : {"<html>", "[1]", "{", "\"x\""}) {
    const auto all = assemble({chunk});
    ASSERT_TRUE(all.error) << chunk;
    EXPECT_EQ(all.error->code, Errc::model_unavailable);
  }
}

TEST(CompletionAssembler, BoundsTextArgumentsAndCalls) {
  CompletionAssembler assembler;
  const std::string megabyte(1024 * 1024, 'x');
  Result<std::optional<std::string>> taken = std::nullopt;
  int pieces = 0;
  for (; taken && pieces < 10; ++pieces) taken = assembler.take(delta(R"("content":")" + megabyte + "\""));
  EXPECT_EQ(pieces, 5);
  EXPECT_TRUE(
      assemble({calls(R"({"index":0,"id":"c","function":{"name":"a","arguments":")" + megabyte + "xx\"}}")}).error);
  std::vector<std::string> many;
  for (int i = 0; i < 129; ++i) {
    many.push_back(calls(R"({"index":0,"id":"c)" + std::to_string(i) + R"(","function":{"name":"a"}})"));
  }
  EXPECT_TRUE(assemble(many).error);
}

}  // namespace
}  // namespace kriya::agent
