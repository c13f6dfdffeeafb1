#include "config/dotenv.h"

#include <gtest/gtest.h>

namespace kriya::config {
namespace {

VariableMap parsed(std::string_view text) {
  auto values = parse_dotenv(text);
  if (values) return *std::move(values);
  for (const Problem& problem : values.error()) ADD_FAILURE() << problem.line();
  return {};
}

std::string value(std::string_view text) {
  const VariableMap values = parsed(text);
  return values.contains("A") ? values.at("A") : "(none)";
}

std::vector<std::string> problems(std::string_view text) {
  std::vector<std::string> lines;
  if (const auto values = parse_dotenv(text); !values) {
    for (const Problem& problem : values.error()) lines.push_back(problem.line());
  }
  return lines;
}

TEST(Dotenv, ReadsLines) {
  EXPECT_EQ(parsed("A=1\nB_2=two words\n\n_c=\n"), (VariableMap{{"A", "1"}, {"B_2", "two words"}, {"_c", ""}}));
}

TEST(Dotenv, NeedsNoLastLineEnd) {
  EXPECT_EQ(value("A=1"), "1");
  EXPECT_EQ(value("A="), "");
  EXPECT_EQ(value("A='1'"), "1");
}

TEST(Dotenv, EmptyTextHasNoVariables) {
  EXPECT_TRUE(parsed("").empty());
  EXPECT_TRUE(parsed("\n\n  \n\t").empty());
  EXPECT_TRUE(parsed("\xef\xbb\xbf").empty());
}

TEST(Dotenv, DropsWhiteSpaceAroundUnquotedValues) { EXPECT_EQ(value(" \tA \t=\t x y  \n"), "x y"); }

TEST(Dotenv, ACommentBeginsALineOrFollowsWhiteSpace) {
  EXPECT_EQ(value("# A=0\n  # A=0\nA=1 # one\n"), "1");
  EXPECT_EQ(value("A=x#y\n"), "x#y");
  EXPECT_EQ(value("A=#y\n"), "#y");
  EXPECT_EQ(value("A= # nothing\n"), "");
  EXPECT_EQ(value("A=x\t#y\n"), "x");
  EXPECT_EQ(value("A='x'#y\n"), "x");
  EXPECT_EQ(value("A=\"x\"  # y\n"), "x");
}

TEST(Dotenv, ExportMayStandInFront) {
  EXPECT_EQ(value("export A=1\n"), "1");
  EXPECT_EQ(value("  export\t A=1\n"), "1");
  EXPECT_EQ(parsed("export=1\nexport =2\nexported=3"), (VariableMap{{"export", "2"}, {"exported", "3"}}));
}

TEST(Dotenv, SingleQuotesAreLiteral) {
  EXPECT_EQ(value(R"(A='a "b" \n $C # d')"), R"(a "b" \n $C # d)");
  EXPECT_EQ(value("A='two\n  lines'\n"), "two\n  lines");
}

TEST(Dotenv, DoubleQuotesUnderstandEscapes) {
  EXPECT_EQ(value(R"(A="a\nb\rc\td\"e\\f\$g")"), "a\nb\rc\td\"e\\f$g");
  EXPECT_EQ(value(R"(A="C:\dir # x")"), R"(C:\dir # x)");
  EXPECT_EQ(value("A=\"two\nlines\"\n"), "two\nlines");
}

TEST(Dotenv, QuotesInsideAnUnquotedValueAreLetters) {
  EXPECT_EQ(value("A=it's\n"), "it's");
  EXPECT_EQ(value("A=a\\nb\n"), "a\\nb");
}

TEST(Dotenv, ExpandsNothing) {
  EXPECT_EQ(value("B=1\nA=$B${B}$(id)`id`\n"), "$B${B}$(id)`id`");
  EXPECT_EQ(value("B=1\nA=\"$B\"\n"), "$B");
}

TEST(Dotenv, TheLastOfADuplicateCounts) { EXPECT_EQ(value("A=1\nA=2\n"), "2"); }

TEST(Dotenv, TakesWindowsFiles) {
  EXPECT_EQ(parsed("\xef\xbb\xbf"
                   "A=1\r\nB='x'\r\n# c\r\n\r\nC=2"),
            (VariableMap{{"A", "1"}, {"B", "x"}, {"C", "2"}}));
  EXPECT_EQ(value("A=\"two\r\nlines\"\r\n"), "two\nlines");
}

TEST(Dotenv, KeepsBytesThatAreNoAscii) { EXPECT_EQ(value("A=\xc3\xa9\xff"), "\xc3\xa9\xff"); }

TEST(Dotenv, KeepsEqualsSignsInValues) { EXPECT_EQ(value("A=b=c==\n"), "b=c=="); }

TEST(Dotenv, ReportsEveryBadLineWithItsNumber) {
  EXPECT_EQ(problems("A=1\nnonsense\n\n=x\nB='x' y\n2C=1\nD E=1\n"),
            (std::vector<std::string>{"line 2: expected = after the name", "line 4: expected NAME=VALUE",
                                      "line 5: only a comment may follow the closing quote",
                                      "line 6: expected NAME=VALUE", "line 7: expected = after the name"}));
}

TEST(Dotenv, CountsTheLinesInsideQuotes) {
  EXPECT_EQ(problems("A='1\n2\n3'\nbad\n"), std::vector<std::string>{"line 4: expected = after the name"});
  EXPECT_EQ(problems("A='1\n2' x\n"), std::vector<std::string>{"line 1: only a comment may follow the closing quote"});
}

TEST(Dotenv, AQuoteThatIsNeverClosedIsReportedWhereItBegins) {
  for (const std::string_view text : {"A=1\nB=\"x\nC=2\n", "A=1\nB='x\nC=2", "\nB=\"\\\"", "\nB=\"\\", "\nB='"}) {
    EXPECT_EQ(problems(text), std::vector<std::string>{"line 2: the quote that begins here is never closed"}) << text;
  }
}

TEST(Dotenv, RefusesNulBytes) {
  EXPECT_EQ(problems(std::string_view("A=1\nB=x\0y\n", 10)), std::vector<std::string>{"line 2: holds a NUL byte"});
}

TEST(Dotenv, NeverQuotesALine) {
  for (const std::string_view text :
       {"hunter2\n", "hunter2 =x y\nhunter2", "A='x' hunter2\n", "A=\"hunter2\n", "-hunter2=1\n"}) {
    for (const std::string& line : problems(text)) EXPECT_EQ(line.find("hunter2"), std::string::npos) << line;
  }
}

TEST(Dotenv, AnyByteSurvivesDoubleQuotesWhenEscaped) {
  std::string all;
  for (int byte = 1; byte < 256; ++byte) all += static_cast<char>(byte);
  std::string text = "A=\"";
  for (const char c : all) {
    if (c == '"' || c == '\\' || c == '$') text += '\\';
    text += c;
  }
  EXPECT_EQ(value(text + "\"\n"), all);
}

}  // namespace
}  // namespace kriya::config
