#include "telemetry/log.h"

#include <sstream>

#include <gtest/gtest.h>

#include "base/json.h"
#include "tests/support/temporary_folder.h"

namespace kriya::telemetry {
namespace {

class LogTest : public ::testing::Test {
 protected:
  Log::Options options(bool json, Level level = Level::info) const { return {level, json, folder_.path() / "log"}; }
  std::string read(const char* name = "log") const {
    std::ostringstream text;
    text << std::ifstream(folder_.path() / name).rdbuf();
    return text.str();
  }
  tests::TemporaryFolder folder_;
};

TEST_F(LogTest, AJsonLineIsOneObjectWhateverTheFieldsHold) {
  Log(options(true)).info("it \"happened\"\n", {{"who", "a\x01\"b"}, {"count", std::int64_t{-5}}, {"took", 0.25}});
  const std::string line = read();
  ASSERT_EQ(line.find('\n'), line.size() - 1);
  const json::object said = parse_json(line)->as_object();
  EXPECT_EQ(said.at("level").as_string(), "info");
  EXPECT_EQ(said.at("message").as_string(), "it \"happened\"\n");
  EXPECT_EQ(said.at("who").as_string(), "a\x01\"b");
  EXPECT_EQ(said.at("count").as_int64(), -5);
  EXPECT_EQ(said.at("took").as_double(), 0.25);
}

TEST_F(LogTest, ATextLineStaysOneLine) {
  Log(options(false)).info("request", {{"agent", "curl\nforged line"}, {"route", "/x"}, {"empty", ""}});
  const std::string line = read();
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  EXPECT_NE(line.find(R"(info request agent="curl\nforged line" route=/x empty="")"), std::string::npos) << line;
}

TEST_F(LogTest, WritesWarningsAtOnceAndWhatCameBefore) {
  const Log log(options(false));
  log.info("first");
  log.warning("second");
  const std::string text = read();
  EXPECT_LT(text.find("first"), text.find("second"));
  EXPECT_NE(text.find("second"), std::string::npos);
}

TEST_F(LogTest, LeavesOutWhatIsBelowItsLevel) {
  Log(options(false, Level::warning)).info("quiet");
  EXPECT_EQ(read(), "");
}

TEST_F(LogTest, GoesOnInANewFileAfterTheOldWasMovedAway) {
  Log log(options(false));
  log.info("before");
  std::filesystem::rename(folder_.path() / "log", folder_.path() / "log.1");
  log.reopen();
  log.warning("after");
  EXPECT_NE(read("log.1").find("before"), std::string::npos);
  EXPECT_NE(read().find("after"), std::string::npos);
  EXPECT_EQ(read("log.1").find("after"), std::string::npos);
}

TEST_F(LogTest, SaysWhichFileItCannotOpen) {
  EXPECT_THROW(Log({Level::info, false, folder_.path() / "no" / "such" / "folder"}), std::runtime_error);
}

}  // namespace
}  // namespace kriya::telemetry
