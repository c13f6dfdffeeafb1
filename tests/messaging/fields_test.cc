#include "messaging/fields.h"

#include <gtest/gtest.h>

namespace kriya::messaging {
namespace {

json::value parsed(std::string_view text) { return parse_json(text).value(); }

TEST(Fields, ReadNumbersHoweverTheyAreWritten) {
  const auto document =
      parsed(R"({"a":290,"b":"290","c":" -10001 ","d":290.0,"e":2.5,"f":"x","g":null,"h":1e300,"i":""})");
  const Fields fields(&document);
  EXPECT_EQ(fields.number("a"), 290);
  EXPECT_EQ(fields.number("b"), 290);
  EXPECT_EQ(fields.number("c"), -10001);
  EXPECT_EQ(fields.number("d"), 290);
  for (const char* name : {"e", "f", "g", "h", "i", "absent"}) EXPECT_FALSE(fields.number(name)) << name;
}

TEST(Fields, FindNamesWithWhiteSpaceAroundThem) {
  const auto document = parsed(R"({"sender_id ":"A","postback_data\t":"B"})");
  const Fields fields(&document);
  EXPECT_EQ(fields.text("sender_id"), "A");
  EXPECT_EQ(fields.text("postback_data"), "B");
}

TEST(Fields, AreEmptyWhereNothingIsOrSomethingElse) {
  const auto document = parsed(R"({"status":"delivered","list":{},"flag":"True","no":0})");
  const Fields fields(&document);
  EXPECT_FALSE(fields.object("status").exist());
  EXPECT_FALSE(fields.object("status").object("deeper").number("code"));
  EXPECT_EQ(fields.array("list"), nullptr);
  EXPECT_EQ(fields.boolean("flag"), true);
  EXPECT_FALSE(fields.boolean("no"));
  EXPECT_EQ(Fields().text("anything"), "");
}

TEST(Fields, CutLongTextsBetweenCharacters) {
  std::string text;
  for (int i = 0; i < 200; ++i) text += "\u00e9";
  const json::value document{{"text", "x" + text}};
  const std::string cut = Fields(&document).text("text");
  EXPECT_LE(cut.size(), 256U);
  EXPECT_EQ(cut.size() % 2, 1U);
}

}  // namespace
}  // namespace kriya::messaging
