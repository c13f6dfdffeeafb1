#include "storage/sqlite/sqlite_database.h"

#include <thread>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/test_database.h"

namespace kriya::storage::sqlite {
namespace {

using tests::soon;

constexpr Statement kInsertVersion{Use::write,
                                   "INSERT INTO schema_migrations (version, name, applied_at) VALUES ($1, $2, 0)"};
constexpr Statement kCountUsers{Use::lookup, "SELECT count(*) FROM users"};

const Timestamp kNow = Timestamp::from_seconds(1);

class SqliteTest : public ::testing::Test {
 protected:
  std::filesystem::path file() const { return folder_.path() / "kriya.db"; }

  Result<std::unique_ptr<SqliteDatabase>> open(std::size_t max_queued_writes = 16) {
    return SqliteDatabase::open({.file = file(), .io_threads = 1, .max_queued_writes = max_queued_writes}, log_,
                                metrics_, workers_);
  }

  tests::TemporaryFolder folder_;
  telemetry::Log log_{{.level = telemetry::Level::error, .json = false, .file = "/dev/null"}};
  telemetry::Metrics metrics_;
  WorkerPool workers_{1, 4};
};

TEST_F(SqliteTest, AppliesEachMigrationOnceAndSaysWhich) {
  const auto first = migrate(file(), kNow);
  ASSERT_TRUE(first) << first.error().detail;
  EXPECT_EQ(first->size(), sqlite_migrations().size());
  const auto second = migrate(file(), kNow);
  ASSERT_TRUE(second);
  EXPECT_TRUE(second->empty());
  const auto state = schema_state(file());
  EXPECT_TRUE(state->pending.empty());
  EXPECT_EQ(state->applied.front().name, "users");
}

TEST_F(SqliteTest, ManyThatMigrateAtOnceApplyEachOnce) {
  std::atomic<std::size_t> applied{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&] {
      const auto done = migrate(file(), kNow);
      ASSERT_TRUE(done) << done.error().detail;
      applied += done->size();
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(applied, sqlite_migrations().size());
}

TEST_F(SqliteTest, AnAbsentFileIsAnEmptySchema) {
  const auto state = schema_state(file());
  ASSERT_TRUE(state);
  EXPECT_EQ(state->version(), 0);
  EXPECT_FALSE(std::filesystem::exists(file()));
}

TEST_F(SqliteTest, RefusesANewerSchemaThanItKnows) {
  ASSERT_TRUE(migrate(file(), kNow));
  auto connection = Connection::open(file(), Connection::Mode::write).value();
  ASSERT_TRUE(connection->run(kInsertVersion, {std::int64_t{999}, std::string("from_the_future")}));
  for (const auto& error : {schema_state(file()).error(), migrate(file(), kNow).error()}) {
    EXPECT_EQ(error.code, Errc::conflict);
    EXPECT_NE(error.detail.find("newer than this kriya knows"), std::string::npos) << error.detail;
  }
}

TEST_F(SqliteTest, WorksWithANewerSchemaThatLeavesThisProgramWorking) {
  ASSERT_TRUE(migrate(file(), kNow));
  const auto known = static_cast<std::int64_t>(sqlite_migrations().size());
  auto connection = Connection::open(file(), Connection::Mode::write).value();
  ASSERT_TRUE(
      connection->run(kInsertVersion, {known + 1, std::string("from_the_future")}));  // NULL: the version before
  const auto state = schema_state(file());
  ASSERT_TRUE(state) << state.error().detail;
  EXPECT_TRUE(state->pending.empty());
  EXPECT_EQ(state->version(), known + 1);
  EXPECT_TRUE(migrate(file(), kNow)->empty());
  ASSERT_TRUE(connection->execute("UPDATE schema_migrations SET oldest_program = version WHERE applied_at = 0"));
  EXPECT_EQ(schema_state(file()).error().code, Errc::conflict);
}

TEST_F(SqliteTest, RefusesADatabaseOfAnotherProgram) {
  auto connection = Connection::open(file(), Connection::Mode::write).value();
  ASSERT_TRUE(connection->execute("CREATE TABLE schema_migrations (version INTEGER, name TEXT, applied_at INTEGER)"));
  ASSERT_TRUE(connection->run(kInsertVersion, {std::int64_t{1}, std::string("create_posts")}));
  EXPECT_NE(migrate(file(), kNow).error().detail.find("another program"), std::string::npos);
}

TEST_F(SqliteTest, SaysPlainlyThatAFileIsNoDatabase) {
  folder_.write("kriya.db", std::string(8192, 'x'));
  const auto opened = open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Errc::unavailable);
  EXPECT_NE(opened.error().detail.find("not an SQLite database"), std::string::npos) << opened.error().detail;
}

TEST_F(SqliteTest, CannotOpenAFolderAsAFile) {
  std::filesystem::create_directory(file());
  EXPECT_EQ(open().error().code, Errc::unavailable);
}

TEST_F(SqliteTest, KeepsItsFileFromOtherAccounts) {
  ASSERT_TRUE(open());
  struct stat status{};
  ASSERT_EQ(::stat(file().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
}

TEST_F(SqliteTest, ADamagedPageIsAnErrorAndNotTheEnd) {
  ASSERT_TRUE(migrate(file(), kNow));
  {
    std::fstream bytes(file(), std::ios::in | std::ios::out | std::ios::binary);
    bytes.seekp(4096);
    bytes << std::string(4096 * 6, '\xa5');
  }
  const auto database = open();
  ASSERT_TRUE(database);
  const auto rows = run_to_completion((*database)->run(kCountUsers, {}, soon()));
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code, Errc::unavailable);
  EXPECT_EQ(rows.error().detail, "The database is unavailable; try again shortly.");
}

TEST_F(SqliteTest, RefusesWritesBeyondItsQueueInsteadOfPilingThemUp) {
  ASSERT_TRUE(migrate(file(), kNow));
  auto database = open(2).value();
  auto other = Connection::open(file(), Connection::Mode::write).value();
  ASSERT_TRUE(other->execute("BEGIN IMMEDIATE"));  // the writer now waits with the first write in hand
  std::atomic<int> overloaded{0};
  std::atomic<int> done{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&, i] {
      const auto row =
          run_to_completion(database->run(kInsertVersion, {std::int64_t{100 + i}, std::string("x")}, soon()));
      if (row) {
        ++done;
      } else {
        EXPECT_EQ(row.error().code, Errc::overloaded) << row.error().detail;
        ++overloaded;
      }
    });
  }
  while (overloaded < 2) std::this_thread::yield();  // six writes, of which at most four find room
  ASSERT_TRUE(other->execute("ROLLBACK"));
  for (auto& thread : threads) thread.join();
  EXPECT_GE(overloaded, 2);
  EXPECT_EQ(done + overloaded, 6);
}

}  // namespace
}  // namespace kriya::storage::sqlite
