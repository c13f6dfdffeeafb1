#include "agent/slash_command.h"

#include <boost/json/serialize.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/command_help.h"

namespace kriya::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

json::object schema() {
  return parse_json(R"({"type":"object","required":["to","count"],"properties":{
    "to":{"type":"string","description":"The number."},"count":{"type":"integer"},"share":{"type":["number","null"]},
    "urgent":{"type":"boolean"},"channel":{"type":"string","enum":["sms","whatsapp"]},
    "tags":{"type":"array","items":{"type":"string"}},"ids":{"type":"array","items":{"type":"integer"}},
    "extra":{"type":"object"},"maybe":{"anyOf":[{"type":"null"},{"type":"integer"}]}}})")
      ->as_object();
}

std::string typed(const std::string& text) {
  const auto command = parse_command(text);
  if (!command) return "error: " + command.error();
  const auto arguments = typed_arguments(*command, schema());
  return arguments ? json::serialize(*arguments) : "error: " + arguments.error();
}

TEST(SlashCommand, KnowsACommandFromText) {
  for (const char* text : {"/add", "  /add a=1", "/x.y/z {}", "/9", "/", " /\n"}) EXPECT_TRUE(is_command(text)) << text;
  for (const char* text : {"", "add", "a /add", "// no", "/ add", "/-"}) EXPECT_FALSE(is_command(text)) << text;
}

TEST(SlashCommand, TypesValuesByTheSchema) {
  EXPECT_EQ(typed("/t to=123 count=5"), R"({"to":"123","count":5})");
  EXPECT_EQ(typed("/t share=0.5 maybe=7"), R"({"share":5E-1,"maybe":7})");
  EXPECT_EQ(typed("/t urgent=Yes"), R"({"urgent":true})");
  EXPECT_EQ(typed("/t tags=a,b ids=[1,2]"), R"({"tags":["a","b"],"ids":[1,2]})");
  EXPECT_EQ(typed("/t ids=1,2 tags="), R"({"ids":[1,2],"tags":[]})");
  EXPECT_EQ(typed(R"(/t extra='{"a":1}')"), R"({"extra":{"a":1}})");
}

TEST(SlashCommand, QuotesAndBackslashesHoldWordsTogether) {
  EXPECT_EQ(typed(R"(/t to="two words")"), R"({"to":"two words"})");
  EXPECT_EQ(typed(R"(/t to='say "hi"' channel=s"m"s)"), R"({"to":"say \"hi\"","channel":"sms"})");
  EXPECT_EQ(typed(R"(/t to=a\ b\"c)"), R"({"to":"a b\"c"})");
  EXPECT_EQ(typed("/t to=a=b"), R"({"to":"a=b"})");
  EXPECT_THAT(typed("/t to=\"open"), HasSubstr("not closed"));
}

TEST(SlashCommand, TakesAllArgumentsAsJson) {
  EXPECT_EQ(typed(R"(/t {"to": "x", "count": 2, "other": null})"), R"({"to":"x","count":2,"other":null})");
  EXPECT_EQ(typed(R"(/t{"count":2})"), R"({"count":2})");
  EXPECT_THAT(typed("/t {\"to\": "), HasSubstr("no JSON object"));
}

TEST(SlashCommand, AnUnknownArgumentThatBeginsWithAnUnderscoreIsLetThroughInBothForms) {
  EXPECT_EQ(typed("/t to=x _trace=1"), R"({"to":"x","_trace":"1"})");
  EXPECT_EQ(typed(R"(/t {"to":"x","_trace":"1"})"), R"({"to":"x","_trace":"1"})");
  EXPECT_THAT(typed("/t _trace=1 _trace=2"), HasSubstr("twice"));
}

TEST(SlashCommand, ASlashAloneAsksForHelp) {
  const auto command = parse_command(" / ");
  ASSERT_TRUE(command);
  EXPECT_EQ(command->name, "help");
  EXPECT_THAT(command->words, IsEmpty());
}

TEST(SlashCommand, SaysWhatIsWrong) {
  EXPECT_THAT(typed("/t count=many"), HasSubstr("\"count\" must be a whole number"));
  EXPECT_THAT(typed("/t share=nan"), HasSubstr("\"share\" must be a number"));
  EXPECT_THAT(typed("/t urgent=perhaps"), HasSubstr("true or false"));
  EXPECT_THAT(typed("/t ids=1,x"), HasSubstr("\"ids\" must be a whole number"));
  EXPECT_THAT(typed("/t wrong=1"), HasSubstr("no argument \"wrong\". Names: to, count"));
  EXPECT_THAT(typed("/t alone"), HasSubstr("name=value"));
  EXPECT_THAT(typed("/t to=1 to=2"), HasSubstr("twice"));
  EXPECT_THAT(typed("/t,x"), HasSubstr("letters"));
}

ToolNames::Specs specs() {
  ToolNames::Specs all;
  for (const char* name : {"send_sms", "send_whatsapp", "whoami"}) {
    auto spec = std::make_shared<tools::ToolSpec>();
    spec->name = name;
    spec->description = "Does " + std::string(name) + ".\nMore.";
    spec->input_schema = schema();
    all.push_back(spec);
  }
  return all;
}

std::vector<std::string> completions(const std::string& text) {
  std::vector<std::string> all;
  for (const Completion& one : complete(text, specs())) all.push_back(one.text);
  return all;
}

TEST(CommandHelp, CompletesNamesThenArgumentsThenTheirValues) {
  EXPECT_THAT(completions("/send"), ElementsAre("/send_sms", "/send_whatsapp"));
  EXPECT_THAT(completions("/h"), ElementsAre("/help"));
  EXPECT_THAT(completions("/help wh"), ElementsAre("/help whoami"));
  EXPECT_THAT(completions("/send_sms t"), ElementsAre("/send_sms to=", "/send_sms tags="));
  EXPECT_THAT(completions("/send_sms to=\"a b\" t"), ElementsAre("/send_sms to=\"a b\" tags="));
  EXPECT_THAT(completions("/send_sms channel=w"), ElementsAre("/send_sms channel=whatsapp"));
  EXPECT_THAT(completions("/send_sms urgent="), ElementsAre("/send_sms urgent=true", "/send_sms urgent=false"));
  EXPECT_THAT(completions("/nothing x"), IsEmpty());
  EXPECT_THAT(completions("hello"), IsEmpty());
  EXPECT_EQ(completions("/").size(), 4U);
}

TEST(CommandHelp, ExplainsCommandsFromTheirSchemas) {
  EXPECT_THAT(help_text(specs()), HasSubstr("`/whoami to=<string> count=<integer> [share=<number>]"));
  const std::string one = help_text(*specs()[0]);
  EXPECT_THAT(one, HasSubstr("- `to` (string), required: The number."));
  EXPECT_THAT(one, HasSubstr("[sms, whatsapp]"));
}

TEST(CommandHelp, AnUnknownCommandGetsTheNearestNames) {
  EXPECT_THAT(unknown_command("snd_sms", specs()), HasSubstr("Did you mean /send_sms?"));
  EXPECT_THAT(unknown_command("send", specs()), HasSubstr("/send_sms or /send_whatsapp"));
  EXPECT_THAT(unknown_command("qqqqqq", specs()), ::testing::Not(HasSubstr("mean")));
}

}  // namespace
}  // namespace kriya::agent
