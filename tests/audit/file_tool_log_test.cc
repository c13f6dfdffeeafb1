#include "audit/file_tool_log.h"

#include <csignal>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "audit/log_verification.h"
#include "audit/tool_call_lines.h"
#include "tests/support/fake_clock.h"
#include "tests/support/in_parallel.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/tool_calls.h"

namespace kriya::audit {
namespace {

using tests::lines_of;
using tests::write_lines;

const Secret kMaster("a master key of more than enough bytes");

class FileToolLogTest : public ::testing::Test {
 protected:
  std::unique_ptr<FileToolLog> open(std::uint64_t file_bytes = 1'000'000, unsigned kept = 0, std::size_t queue = 100) {
    return FileToolLog::open({.folder = folder(),
                              .master_key = kMaster,
                              .file_bytes = file_bytes,
                              .kept_files = kept,
                              .queue = queue},
                             log_, metrics_)
        .value();
  }
  std::filesystem::path folder() const { return temporary_.path() / "logs"; }
  std::filesystem::path file(const char* name) const { return folder() / name; }

  ToolCallEntry entry(const std::string& result = "8") {
    clock_.advance(std::chrono::milliseconds(1));
    return tests::tool_call(clock_.now(), "add", result);
  }

  LogReport report(bool old_files_may_go = false) const {
    Verification given{.folder = folder(), .keys = {}, .old_files_may_go = old_files_may_go};
    given.keys.emplace_back(kMaster);
    return verify_log(std::move(given));
  }
  std::vector<std::string> breaks(bool old_files_may_go = false) const {
    std::vector<std::string> found;
    for (const Break& one : report(old_files_may_go).breaks) {
      found.push_back(one.file + ":" + std::to_string(one.line) + " " + one.what);
    }
    return found;
  }
  std::size_t count_files(const std::string& begin, const std::string& end) const {
    std::size_t count = 0;
    for (const auto& one : std::filesystem::directory_iterator(folder())) {
      const std::string name = one.path().filename();
      if (name.starts_with(begin) && name.ends_with(end)) ++count;
    }
    return count;
  }

  using Found = std::vector<std::string>;
  tests::TemporaryFolder temporary_;
  tests::FakeClock clock_;
  telemetry::Log log_{{.level = telemetry::Level::error, .json = false, .file = "/dev/null"}};
  telemetry::Metrics metrics_;
};

TEST_F(FileToolLogTest, WritesEachCallIntoBothFilesBeforeItReturns) {
  const auto log = open();
  const ToolCallEntry first = entry();
  log->append(first);
  const auto json = lines_of(file("tool_calls.json"));
  const auto text = lines_of(file("tool_calls.log"));
  ASSERT_EQ(json.size(), 1U);
  ASSERT_EQ(text.size(), 1U);
  EXPECT_TRUE(json[0].starts_with(json_body(first))) << json[0];
  EXPECT_TRUE(text[0].starts_with(readable_body(first))) << text[0];
  log->append(entry());
  EXPECT_EQ(lines_of(file("tool_calls.json")).size(), 2U);
  EXPECT_EQ(breaks(), Found{});
}

TEST_F(FileToolLogTest, LetsNobodyElseReadIt) {
  const auto log = open();
  log->append(entry());
  const auto mode = [](const std::filesystem::path& path) {
    struct stat status{};
    ::stat(path.c_str(), &status);
    return status.st_mode & 0777;
  };
  EXPECT_EQ(mode(folder()), 0700U);
  for (const char* name : {"tool_calls.json", "tool_calls.log", "tool_calls.head", "tool_calls.lock"}) {
    EXPECT_EQ(mode(file(name)), 0600U) << name;
  }
}

TEST_F(FileToolLogTest, GoesOnWithItsChainAfterARestart) {
  for (int start = 0; start < 3; ++start) {
    const auto log = open();
    log->append(entry());
    log->append(entry());
  }
  EXPECT_EQ(lines_of(file("tool_calls.json")).size(), 6U);
  EXPECT_EQ(breaks(), Found{});
}

TEST_F(FileToolLogTest, ChainsTheCallsOfManyThreads) {
  const auto log = open(20'000);
  tests::in_step(8, 50, [&](int, int) { log->append(tests::tool_call(SystemClock().now())); });
  log->sync();
  EXPECT_EQ(breaks(), Found{});
  std::uint64_t lines = 0;
  for (const FileReport& one : report().files) lines += one.lines;
  EXPECT_EQ(lines, 2 * 8 * 50U);
}

TEST_F(FileToolLogTest, PutsLargeFilesAsideAndGoesOnInNewOnes) {
  const auto log = open(2'000);
  for (int i = 0; i < 20; ++i) log->append(entry());
  EXPECT_GT(count_files("tool_calls-", ".json"), 3U);
  EXPECT_GT(count_files("tool_calls-", ".log"), 1U);
  EXPECT_EQ(breaks(), Found{});
}

TEST_F(FileToolLogTest, KeepsAsManyOldFilesAsItIsTold) {
  const auto log = open(1'000, 2);
  for (int i = 0; i < 20; ++i) log->append(entry());
  log->sync();
  EXPECT_GT(count_files("tool_calls-", ".json"), 2U) << "their lines are no rows yet";
  EXPECT_EQ(count_files("tool_calls-", ".log"), 2U);
  for (auto batch = log->unstored(100); !batch.entries.empty(); batch = log->unstored(100)) log->stored(batch);
  log->append(entry());
  log->append(entry());
  log->sync();
  EXPECT_EQ(count_files("tool_calls-", ".json"), 2U);
  EXPECT_EQ(breaks(true), Found{});
  EXPECT_EQ(breaks(false), Found{}) << "the head says what was rightly removed";
  // The first line of text that is left goes on from a hash that the head knows.
  std::filesystem::path oldest;
  for (const LogFile& one : list_log_files(folder())) {
    if (one.framing == Framing::text && oldest.empty()) oldest = one.path;
  }
  const auto good = lines_of(oldest);
  auto lines = good;
  lines[0].replace(lines[0].find("add"), 3, "rob");
  write_lines(oldest, lines);
  EXPECT_EQ(breaks(true), Found{oldest.filename().string() + ":1 altered"});
  lines = good;
  lines.erase(lines.begin());
  write_lines(oldest, lines);
  EXPECT_FALSE(breaks(true).empty()) << "one line more is gone than was removed with its file";
}

TEST_F(FileToolLogTest, GoesOnInNewFilesWhenLogrotateHasMovedThem) {
  const auto log = open();
  log->append(entry());
  std::filesystem::rename(file("tool_calls.json"), file("tool_calls.json.1"));
  std::filesystem::rename(file("tool_calls.log"), file("tool_calls.log.1"));
  log->append(entry());
  EXPECT_EQ(lines_of(file("tool_calls.json.1")).size(), 2U) << "until it is told";
  log->reopen();
  log->append(entry());
  EXPECT_EQ(lines_of(file("tool_calls.json")).size(), 1U);
  EXPECT_EQ(breaks(), Found{});
}

TEST_F(FileToolLogTest, ClosesATornLineOffAndGoesOn) {
  open()->append(entry());
  std::ofstream(file("tool_calls.json"), std::ios::app) << R"({"timestamp":"2026-)";
  EXPECT_EQ(breaks(), Found{"tool_calls.json:2 torn"});
  open()->append(entry());
  EXPECT_EQ(lines_of(file("tool_calls.json")).size(), 3U);
  EXPECT_EQ(breaks(), Found{"tool_calls.json:2 torn"});
}

TEST_F(FileToolLogTest, GivesASecondProcessFilesOfItsOwn) {
  const auto first = open();
  const auto second = open();
  EXPECT_EQ(first->writer(), 1U);
  EXPECT_EQ(second->writer(), 2U);
  first->append(entry());
  second->append(entry());
  EXPECT_EQ(lines_of(file("tool_calls.json")).size(), 1U);
  EXPECT_EQ(lines_of(file("tool_calls.2.json")).size(), 1U);
  EXPECT_EQ(lines_of(file("tool_calls.2.log")).size(), 1U);
  EXPECT_EQ(breaks(), Found{});
}

/// No file of this process may grow beyond so many bytes, as on a full disk.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    previous_ = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FullDisk() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, previous_);
  }

 private:
  rlimit before_{};
  void (*previous_)(int) = nullptr;
};

TEST_F(FileToolLogTest, CountsWhatAFullDiskDoesNotTakeAndSaysSoInTheChain) {
  const auto log = open();
  log->append(entry());
  const auto size = std::filesystem::file_size(file("tool_calls.json"));
  {
    const FullDisk full(size + 100);  // a part of the next line goes in, and is taken back
    log->append(entry("lost 1"));
    log->append(entry("lost 2"));
    EXPECT_EQ(std::filesystem::file_size(file("tool_calls.json")), size);
  }
  log->append(entry());
  const auto lines = lines_of(file("tool_calls.json"));
  ASSERT_EQ(lines.size(), 3U);
  const auto notice = read_json_line(lines[1]);
  ASSERT_TRUE(notice);
  EXPECT_EQ(notice->tool_name, "kriya.tool_log");
  EXPECT_EQ(notice->arguments.at("lost").as_int64(), 2);
  EXPECT_EQ(breaks(), Found{});
  EXPECT_EQ(report().lost, 2);
  EXPECT_NE(metrics_.render().find("kriya_tool_calls_unlogged_total"), std::string::npos);
  EXPECT_EQ(log->unstored(100).entries.size(), 5U) << "the rows have all of them";
}

TEST_F(FileToolLogTest, KeepsTheNumberOfItsNewestLineSoThatItsLossIsSeen) {
  {
    const auto log = open();
    for (int i = 0; i < 4; ++i) log->append(entry());
  }
  auto lines = lines_of(file("tool_calls.json"));
  lines.resize(2);
  write_lines(file("tool_calls.json"), lines);
  EXPECT_EQ(breaks(), Found{"tool_calls.json:2 truncated"});
  open()->append(entry());  // a restart does not cover it up
  EXPECT_EQ(breaks(), Found{"tool_calls.json:3 removed"});
}

TEST_F(FileToolLogTest, MissesAHeadThatWasTakenAwayOrAltered) {
  open()->append(entry());
  std::ofstream(file("tool_calls.head"), std::ios::app) << "x";
  EXPECT_EQ(breaks(), Found{"tool_calls.head:0 altered"});
  std::filesystem::remove(file("tool_calls.head"));
  EXPECT_EQ(breaks(), Found{"tool_calls.head:0 removed"});
}

TEST_F(FileToolLogTest, FindsACutThatARestartWithoutAHeadWouldCover) {
  {
    const auto log = open();
    for (int i = 0; i < 4; ++i) log->append(entry());
  }
  for (const char* name : {"tool_calls.json", "tool_calls.log"}) {
    auto lines = lines_of(file(name));
    lines.resize(2);
    write_lines(file(name), lines);
  }
  std::filesystem::remove(file("tool_calls.head"));
  open()->append(entry());
  EXPECT_EQ(breaks(), Found{"tool_calls.json:3 truncated"});
  EXPECT_EQ(lines_of(file("tool_calls.json")).size(), 4U);
}

TEST_F(FileToolLogTest, GoesOnWithANewKeyWhereTheEarlierOneIsKnown) {
  open()->append(entry());
  const Secret next("the next master key, long enough as well");
  FileToolLog::open({.folder = folder(), .master_key = next}, log_, metrics_).value()->append(entry());
  Verification given{.folder = folder(), .keys = {}};
  given.keys.emplace_back(next);
  EXPECT_FALSE(verify_log(given).good());
  given.keys.emplace_back(kMaster);
  EXPECT_TRUE(verify_log(given).good());
}

TEST_F(FileToolLogTest, MissesTheLinesOfRowsWhenAllFilesAreGone) {
  ToolCallEntry old = entry();
  open()->append(old);
  std::filesystem::remove_all(folder());
  Verification given{.folder = folder(), .keys = {}, .rows = {old.id}};
  given.keys.emplace_back(kMaster);
  EXPECT_EQ(verify_log(given).rows_without_line, std::vector{old.id});
  open()->append(entry());  // a new chain does not cover it up
  EXPECT_EQ(verify_log(given).rows_without_line, std::vector{old.id});
  given.old_files_may_go = true;
  EXPECT_EQ(verify_log(given).rows_without_line, std::vector{old.id}) << "its file was not removed by the log";
}

TEST_F(FileToolLogTest, SeesTheFilesOfTheTenthWriter) {
  std::vector<std::unique_ptr<FileToolLog>> writers;
  for (int i = 0; i < 11; ++i) writers.push_back(open());
  EXPECT_EQ(writers.back()->writer(), 11U);
  writers.back()->append(entry());
  writers.back()->append(entry());
  writers.clear();
  EXPECT_EQ(breaks(), Found{});
  EXPECT_EQ(report().files.size(), 22U);
}

TEST_F(FileToolLogTest, SaysWhichFilesItDidNotCheckBecauseTheyAreCompressed) {
  {
    const auto log = open();
    log->append(entry());
    std::filesystem::rename(file("tool_calls.json"), file("tool_calls.json.2.gz"));
    log->reopen();
    log->append(entry());
  }
  EXPECT_EQ(breaks(), Found{});
  EXPECT_EQ(report().not_checked, std::vector<std::string>{"tool_calls.json.2.gz"});
}

TEST_F(FileToolLogTest, FindsWholeFilesThatAreGone) {
  {
    const auto log = open(1'000);
    for (int i = 0; i < 9; ++i) log->append(entry());
  }
  std::filesystem::remove(file("tool_calls.log"));
  for (const LogFile& one : list_log_files(folder())) {
    if (one.framing == Framing::text) std::filesystem::remove(one.path);
  }
  EXPECT_EQ(breaks(), Found{"tool_calls.log:0 truncated"});
}

TEST_F(FileToolLogTest, HandsEachEntryOverForItsRowOnce) {
  const auto log = open();
  for (int i = 0; i < 5; ++i) log->append(entry());
  const auto first = log->unstored(3);
  EXPECT_EQ(first.entries.size(), 3U);
  log->stored(first);
  EXPECT_EQ(log->unstored(3).entries.size(), 2U);
  EXPECT_TRUE(log->unstored(3).entries.empty());
}

TEST_F(FileToolLogTest, ReadsWhatDidNotFitIntoMemoryFromTheFiles) {
  const auto log = open(3'000, 0, 4);
  std::vector<Uuid> ids;
  for (int i = 0; i < 30; ++i) {
    ids.push_back(entry().id);
    ToolCallEntry one = entry();
    one.id = ids.back();
    log->append(one);
  }
  std::vector<Uuid> stored;
  for (auto batch = log->unstored(7); !batch.entries.empty(); batch = log->unstored(7)) {
    for (const ToolCallEntry& one : batch.entries) stored.push_back(one.id);
    log->stored(batch);
    if (stored.size() == 11) log->append(entry());  // comes while it is reading
  }
  ASSERT_GE(stored.size(), ids.size());
  stored.resize(ids.size());
  EXPECT_EQ(stored, ids);
  EXPECT_TRUE(log->unstored(7).entries.empty());
}

TEST_F(FileToolLogTest, BringsInAfterACrashWhatIsNoRowYet) {
  std::filesystem::path copy = temporary_.path() / "crashed";
  Uuid second, third;
  {
    const auto log = open();
    log->append(entry());
    log->stored(log->unstored(10));
    log->sync();
    std::filesystem::copy(folder(), copy);  // the head as a crash leaves it
    ToolCallEntry one = entry();
    second = one.id;
    log->append(one);
    one = entry();
    third = one.id;
    log->append(one);
    for (const char* name : {"tool_calls.json", "tool_calls.log"}) {
      std::filesystem::copy_file(file(name), copy / name, std::filesystem::copy_options::overwrite_existing);
    }
  }
  std::filesystem::remove_all(folder());
  std::filesystem::rename(copy, folder());
  const auto log = open();
  const auto batch = log->unstored(10);
  ASSERT_EQ(batch.entries.size(), 2U);
  EXPECT_EQ(batch.entries[0].id, second);
  EXPECT_EQ(batch.entries[1].id, third);
  log->stored(batch);
  EXPECT_TRUE(log->unstored(10).entries.empty());
}

TEST_F(FileToolLogTest, MakesNoRowOfALineThatSomebodyHasPutIn) {
  open()->append(entry());
  auto lines = lines_of(file("tool_calls.json"));
  lines.push_back(lines[0]);
  lines[1].replace(lines[1].find("\"add\""), 5, "\"rob\"");
  write_lines(file("tool_calls.json"), lines);
  const auto batch = open()->unstored(10);
  ASSERT_EQ(batch.entries.size(), 1U);
  EXPECT_EQ(batch.entries[0].tool_name, "add");
}

TEST_F(FileToolLogTest, SaysWhichFolderItCannotUse) {
  temporary_.write("logs", "a file");
  const auto log = FileToolLog::open({.folder = folder(), .master_key = kMaster}, log_, metrics_);
  ASSERT_FALSE(log);
  EXPECT_NE(log.error().detail.find("LOG_DIR"), std::string::npos) << log.error().detail;
}

}  // namespace
}  // namespace kriya::audit
