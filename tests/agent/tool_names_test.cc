#include "agent/tool_names.h"

#include <regex>
#include <set>

#include <gtest/gtest.h>

namespace kriya::agent {
namespace {

ToolNames::Specs specs(const std::vector<std::string>& names) {
  ToolNames::Specs all;
  for (const std::string& name : names) {
    auto spec = std::make_shared<tools::ToolSpec>();
    spec->name = name;
    all.push_back(spec);
  }
  return all;
}

TEST(ToolNames, KeepsNamesThatModelsTake) {
  const ToolNames names(specs({"send_sms", "Who-Am-I2"}));
  EXPECT_EQ(names.function_of("send_sms"), "send_sms");
  EXPECT_EQ(names.find("Who-Am-I2")->name, "Who-Am-I2");
  EXPECT_EQ(names.find("nothing"), nullptr);
}

TEST(ToolNames, GivesEveryToolAFunctionOfItsOwn) {
  const std::string longest(128, 'a');
  const std::string other = longest.substr(0, 127) + "b";
  const std::vector<std::string> tools{"a.b", "a/b", "a_b", longest, other, longest.substr(0, 64), "a.b_c/d"};
  const ToolNames names(specs(tools));
  std::set<std::string> functions;
  for (const std::string& tool : tools) {
    const std::string function = names.function_of(tool);
    EXPECT_TRUE(std::regex_match(function, std::regex("[A-Za-z0-9_-]{1,64}"))) << function;
    ASSERT_NE(names.find(function), nullptr);
    EXPECT_EQ(names.find(function)->name, tool);
    functions.insert(function);
  }
  EXPECT_EQ(functions.size(), tools.size());
}

TEST(ToolNames, AMadeNameGivesWayToAToolThatHasItAsItsOwn) {
  const std::string made = ToolNames(specs({"a.b"})).function_of("a.b");
  const ToolNames names(specs({"a.b", made}));
  EXPECT_EQ(names.find(made)->name, made);
  EXPECT_NE(names.function_of("a.b"), made);
  EXPECT_EQ(names.find(names.function_of("a.b"))->name, "a.b");
}

TEST(ToolNames, AToolsFunctionDoesNotDependOnTheOthers) {
  EXPECT_EQ(ToolNames(specs({"a.b"})).function_of("a.b"), ToolNames(specs({"z", "a/b", "a.b"})).function_of("a.b"));
}

TEST(ToolNames, NamesAToolThatIsGoneInAWayThatModelsTake) {
  EXPECT_EQ(ToolNames().function_of("old_one"), "old_one");
  EXPECT_TRUE(std::regex_match(ToolNames().function_of("old.one"), std::regex("[A-Za-z0-9_-]{1,64}")));
}

}  // namespace
}  // namespace kriya::agent
