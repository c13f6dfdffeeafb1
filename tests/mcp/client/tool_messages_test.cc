#include "mcp/client/tool_messages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcp/client/failures.h"

namespace kriya::mcp::client {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

json::object parse(std::string_view text) { return parse_json(text).value().as_object(); }

ToolPage page(std::string_view tools, Era era = Era::modern) {
  return read_tool_page(parse(R"({"tools":)" + std::string(tools) + "}"), era, "peer").value();
}

/// A tool whose one argument has this schema.
std::string tool_with(std::string_view property) {
  return R"([{"name":"t","inputSchema":{"type":"object","properties":{"a":)" + std::string(property) + "}}}]";
}

TEST(ForeignTools, ThatSayNothingOfThemselvesMayDoHarm) {
  const auto read = page(R"([{"name":"t","inputSchema":{"type":"object"}}])");
  ASSERT_EQ(read.tools.size(), 1U);
  const tools::ToolSpec& spec = *read.tools[0].spec;
  EXPECT_FALSE(spec.annotations.read_only);
  EXPECT_TRUE(spec.annotations.destructive);
  EXPECT_TRUE(spec.annotations.open_world);
  EXPECT_EQ(spec.upstream, "peer");
}

TEST(ForeignTools, AreReadWithTheirWords) {
  const auto read = page(R"([{"name":"t","title":"Tea","description":"Makes tea","inputSchema":{"type":"object"},
    "outputSchema":{"type":"object"},"annotations":{"readOnlyHint":true,"title":"Other"}}])");
  const tools::ToolSpec& spec = *read.tools.at(0).spec;
  EXPECT_EQ(spec.title, "Tea");
  EXPECT_TRUE(spec.output_schema.has_value());
  EXPECT_TRUE(spec.annotations.read_only);
  EXPECT_FALSE(spec.annotations.destructive);
}

TEST(ForeignTools, ThatCannotBeUsedDoNotSpoilTheOthers) {
  const auto read =
      page(R"([3,{"name":"a b","inputSchema":{}},{"name":"no-schema"},{"name":"good","inputSchema":{}}])");
  ASSERT_EQ(read.tools.size(), 1U);
  EXPECT_EQ(read.tools[0].spec->name, "good");
  EXPECT_EQ(read.refused.size(), 3U);
}

TEST(HeaderParameters, AreFoundThroughPropertiesAlone) {
  const auto read = page(R"([{"name":"t","inputSchema":{"type":"object","properties":{
    "a":{"type":"string","x-mcp-header":"Region"},
    "b":{"type":"object","properties":{"c":{"type":["integer","null"],"x-mcp-header":"Level"}}},
    "x-mcp-header":{"type":"string","default":{"x-mcp-header":"no keyword here"}}}}}])");
  ASSERT_EQ(read.tools.size(), 1U) << read.refused.at(0);
  const auto& parameters = read.tools[0].header_parameters;
  ASSERT_EQ(parameters.size(), 2U);
  EXPECT_EQ(parameters[0].header, "Mcp-Param-Region");
  EXPECT_THAT(parameters[1].path, ElementsAre("b", "c"));
}

TEST(HeaderParameters, ThatBreakTheRulesKeepTheToolAway) {
  for (const std::string_view property : {
           R"({"type":"string","x-mcp-header":""})",
           R"({"type":"string","x-mcp-header":"My Region"})",
           R"({"type":"string","x-mcp-header":"Region:Primary"})",
           R"({"type":"string","x-mcp-header":"R\u00e9gion"})",
           R"({"type":"string","x-mcp-header":"Region\t1"})",
           R"({"type":"string","x-mcp-header":3})",
           R"({"type":"number","x-mcp-header":"N"})",
           R"({"type":"object","x-mcp-header":"N"})",
           R"({"type":"array","items":{"type":"string"},"x-mcp-header":"N"})",
           R"({"type":"array","items":{"type":"string","x-mcp-header":"N"}})",
           R"({"anyOf":[{"type":"string","x-mcp-header":"N"}]})",
           R"({"$defs":{"d":{"type":"string","x-mcp-header":"N"}}})",
           R"({"type":"null","x-mcp-header":"N"})",
           R"({"x-mcp-header":"N"})",
       }) {
    const auto read = page(tool_with(property));
    EXPECT_THAT(read.tools, IsEmpty()) << property;
    EXPECT_EQ(page(tool_with(property), Era::legacy).tools.size(), 1U) << property;
  }
  const auto twice = page(R"([{"name":"t","inputSchema":{"properties":{"a":{"type":"string","x-mcp-header":"MyField"},
    "b":{"type":"string","x-mcp-header":"myfield"}}}}])");
  EXPECT_THAT(twice.tools, IsEmpty());
}

TEST(HeaderParameters, BecomeHeadersThatCanTravel) {
  const std::vector<HeaderParameter> parameters{{"Mcp-Param-A", {"a"}}};
  const auto value = [&](std::string_view argument) {
    const auto headers = parameter_headers(parameters, parse(R"({"a":)" + std::string(argument) + "}"));
    if (!headers) return std::string("(refused)");
    return headers->empty() ? std::string("(none)") : headers->front().second;
  };
  EXPECT_EQ(value(R"("us west")"), "us west");
  EXPECT_EQ(value(R"(" padded ")"), "=?base64?IHBhZGRlZCA=?=");
  EXPECT_EQ(value(R"("line1\nline2")"), "=?base64?bGluZTEKbGluZTI=?=");
  EXPECT_EQ(value(R"("")"), "");
  EXPECT_EQ(value("42"), "42");
  EXPECT_EQ(value("42.0"), "42");
  EXPECT_EQ(value("-7"), "-7");
  EXPECT_EQ(value("true"), "true");
  EXPECT_EQ(value("null"), "(none)");
  EXPECT_EQ(value("9007199254740993"), "(refused)");
  EXPECT_EQ(value("1.5"), "(refused)");
}

TEST(ForeignResults, AreRead) {
  const auto read = read_tool_result(parse(R"({"resultType":"complete","content":[{"type":"text","text":"8"}],
    "structuredContent":{"sum":8}})"));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->text(), "8");
  EXPECT_EQ(read->structured->at("sum").as_int64(), 8);
  EXPECT_FALSE(read->is_error);
}

TEST(ForeignResults, WithStructureAloneHaveTextAsWell) {
  EXPECT_EQ(read_tool_result(parse(R"({"content":[],"structuredContent":[1,2]})"))->text(), "[1,2]");
}

TEST(ForeignResults, MayBeErrors) {
  const auto read = read_tool_result(parse(R"({"content":[{"type":"text","text":"no"}],"isError":true})"));
  EXPECT_TRUE(read->is_error);
  EXPECT_EQ(read->error_kind, "tool");
}

TEST(ForeignResults, ThatAskForInputSaySo) {
  const auto read = read_tool_result(
      parse(R"({"resultType":"input_required","inputRequests":{"a":{"method":"elicitation/create"}}})"));
  EXPECT_TRUE(read->is_error);
  EXPECT_THAT(read->text(), HasSubstr("elicitation/create"));
}

TEST(ForeignResults, OfUnknownKindsAreNone) {
  EXPECT_FALSE(read_tool_result(parse(R"({"resultType":"task"})")).has_value());
  EXPECT_FALSE(read_tool_result(parse(R"({"content":[1]})")).has_value());
}

TEST(ForeignWords, CannotSteerATerminal) {
  EXPECT_EQ(cited("a\nb\x1b[2Jc"), "a b [2Jc");
  EXPECT_EQ(cited("\xff"), "(unreadable)");
  EXPECT_EQ(cited("\xe2\x80\xae"), "(unreadable)");
  EXPECT_EQ(cited(std::string(299, 'a') + "ü").size(), 299 + std::string("…").size());
}

}  // namespace
}  // namespace kriya::mcp::client
