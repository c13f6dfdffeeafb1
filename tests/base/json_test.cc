#include "base/json.h"

#include <cmath>
#include <cstdlib>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace kriya {
namespace {

TEST(ParseJson, ReadsADocument) {
  const auto document = parse_json(R"( {"a":[1,-2,2.5,true,null,"x"],"b":{"a":1}} )");
  ASSERT_TRUE(document);
  EXPECT_EQ(document->at("a").as_array().size(), 6U);
}

TEST(ParseJson, RefusesWhatIsNoStrictJson) {
  for (const char* text : {"", " ", "{", "{}{}", "{} x", "{'a':1}", "{\"a\":1,}", "[1,]", "// x\n{}", "NaN", "01",
                           "1e999", "-1e400", "\"\x01\"", "\"\xff\"", "\"\\ud800\""}) {
    EXPECT_FALSE(parse_json(text)) << text;
  }
}

TEST(ParseJson, RefusesAMemberNamedTwiceAtAnyDepth) {
  for (const char* text :
       {R"({"a":1,"a":2})", R"({"x":{"a":1,"a":1}})", R"([{"b":1},{"a":1,"a":1}])", R"({"a":1,"\u0061":2})"}) {
    const auto document = parse_json(text);
    ASSERT_FALSE(document) << text;
    EXPECT_EQ(document.error().code, Errc::invalid_json);
    EXPECT_NE(document.error().detail.find("twice"), std::string::npos);
  }
  EXPECT_TRUE(parse_json(R"([{"a":1},{"a":1}])"));
}

TEST(ParseJson, RefusesDeepNesting) {
  EXPECT_TRUE(parse_json(std::string(32, '[') + std::string(32, ']')));
  EXPECT_FALSE(parse_json(std::string(33, '[') + std::string(33, ']')));
  EXPECT_FALSE(parse_json(std::string(500'000, '[')));
}

TEST(ParseJson, NeverQuotesTheInput) {
  const auto document = parse_json(R"({"token":"very-secret)");
  ASSERT_FALSE(document);
  EXPECT_EQ(document.error().detail.find("very-secret"), std::string::npos);
}

TEST(AppendJsonString, EscapesWhatMustBe) {
  std::string out;
  append_json_string(out, "a\"\\\n\r\t\x01é");
  EXPECT_EQ(out, "\"a\\\"\\\\\\n\\r\\t\\u0001é\"");
}

RC_GTEST_PROP(AppendJsonString, IsReadBackTheSame, ()) {
  const auto text = *rc::gen::container<std::string>(rc::gen::inRange<char>(0, 127));
  std::string out;
  append_json_string(out, text);
  RC_ASSERT(parse_json(out).value().as_string() == text);
}

TEST(WriteJson, WritesADocumentAsPeopleWriteNumbers) {
  const char* text = R"({"a":[1,-2,2.5,0.1,true,false,null,[],{}],"b":"é\n","c":18446744073709551615,"d":{"e":1e+20}})";
  EXPECT_EQ(write_json(parse_json(text).value()), text);
  EXPECT_EQ(write_json(json::object{{"a", 3.0}, {"b", std::nan("")}}), R"({"a":3,"b":null})");
  EXPECT_EQ(write_json(json::array()), "[]");
}

RC_GTEST_PROP(WriteJson, IsReadBackTheSame, (double number)) {
  RC_PRE(std::isfinite(number));
  RC_ASSERT(std::strtod(write_json(json::value(number)).c_str(), nullptr) == number);
}

}  // namespace
}  // namespace kriya
