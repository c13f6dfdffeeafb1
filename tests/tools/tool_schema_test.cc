#include "tools/tool_schema.h"

#include <stdexcept>

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "schema/json_schema.h"
#include "tools/typed_tool.h"

namespace kriya::tools {

struct Leaf {
  std::string url;
};
BOOST_DESCRIBE_STRUCT(Leaf, (), (url))

struct Tree {
  Leaf leaf;
  std::optional<Leaf> second;
  std::vector<Tree> branches;
  EmailAddress email;
};
BOOST_DESCRIBE_STRUCT(Tree, (), (leaf, second, branches, email))

namespace {

json::object schema_of_tree(const std::vector<FieldText>& fields) {
  schema::Components components;
  json::object schema = components.inline_schema_of<Tree>();
  return self_contained(std::move(schema), std::move(components).take(), fields);
}

TEST(ToolSchema, RefersToItsOwnDefinitionsAlone) {
  const json::object schema = schema_of_tree({});
  EXPECT_EQ(json::serialize(schema).find("components"), std::string::npos);
  EXPECT_EQ(schema.at("properties").at("leaf").at("$ref"), "#/$defs/Leaf");
  EXPECT_EQ(schema.at("properties").at("second").at("anyOf").at(0).at("$ref"), "#/$defs/Leaf");
  EXPECT_EQ(schema.at("$defs").at("Tree").at("properties").at("branches").at("items").at("$ref"), "#/$defs/Tree");
  EXPECT_EQ(schema.at("$defs").at("Leaf").at("required").as_array().size(), 1U);
}

TEST(ToolSchema, DescribesFieldsAlsoThoseOfInnerStructs) {
  const json::object schema = schema_of_tree({{"leaf.url", "Where it is"}, {"second", "Another"}, {"email", "Whose"}});
  EXPECT_EQ(schema.at("$defs").at("Leaf").at("properties").at("url").at("description"), "Where it is");
  EXPECT_EQ(schema.at("properties").at("second").at("description"), "Another");
  const std::string own(EmailAddress::kDescription);
  EXPECT_EQ(schema.at("properties").at("email").at("description").as_string(), "Whose (" + own + ")");
}

TEST(ToolSchema, DescribesNoFieldThatIsNotThere) {
  EXPECT_THROW(schema_of_tree({{"leaf.uri", "?"}}), std::logic_error);
  EXPECT_THROW(schema_of_tree({{"leaves", "?"}}), std::logic_error);
}

TEST(ToolSchema, AsksForNothingWhereThereIsNothing) {
  schema::Components components;
  json::object schema = components.inline_schema_of<NoArguments>();
  EXPECT_EQ(json::serialize(self_contained(std::move(schema), {}, {})), R"({"type":"object","properties":{}})");
}

}  // namespace
}  // namespace kriya::tools
