// What every engine behind the Database port must do.
#include "storage/database.h"

#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "tests/support/test_database.h"

namespace kriya::storage {
namespace {

using tests::soon;

constexpr Statement kCreate{Use::write,
                            "CREATE TABLE things (id TEXT PRIMARY KEY NOT NULL, flag INTEGER, number INTEGER, "
                            "label TEXT, at INTEGER)"};
constexpr Statement kInsert{Use::write, "INSERT INTO things (id, flag, number, label, at) VALUES ($1, $2, $3, $4, $5)"};
constexpr Statement kInsertId{Use::write, "INSERT INTO things (id) VALUES ($1)"};
constexpr Statement kSelect{Use::lookup, "SELECT id, flag, number, label, at FROM things WHERE id = $1"};
constexpr Statement kCount{Use::lookup, "SELECT count(*) FROM things"};
constexpr Statement kScan{Use::scan, "SELECT id FROM things ORDER BY id"};
constexpr Statement kUpdateAll{Use::write, "UPDATE things SET number = $1 RETURNING id, number"};
constexpr Statement kSwapped{Use::lookup, "SELECT $2, $1, $2"};

const Uuid kId = *Uuid::parse("017f22e2-79b0-7cc3-98c4-dc0c0c07398f");

class DatabaseTest : public ::testing::TestWithParam<tests::Engine> {
 protected:
  DatabaseTest() { run(kCreate, {}).value(); }

  Result<Rows> run(const Statement& statement, std::vector<Value> values) {
    return run_to_completion((*database_).run(statement, std::move(values), soon()));
  }
  Result<std::vector<Rows>> transact(std::vector<BoundStatement> statements) {
    return run_to_completion((*database_).transact(std::move(statements), soon()));
  }
  std::int64_t count() { return run(kCount, {})->get<std::int64_t>(0, 0); }

  tests::TestDatabase database_{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(Engines, DatabaseTest, ::testing::Values(tests::Engine::sqlite), tests::engine_name);

TEST_P(DatabaseTest, KeepsEveryTypeOfValue) {
  const Timestamp time = *parse_rfc3339("2026-11-21T09:30:00.123456Z");
  const std::string label = std::string("Łukasz \0 '\" ", 13) + "मीरा";
  ASSERT_TRUE(run(kInsert, {kId, true, std::int64_t{-9'007'199'254'740'993}, label, time}));
  const auto rows = run(kSelect, {kId});
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->size(), 1U);
  EXPECT_EQ(rows->get<Uuid>(0, 0), kId);
  EXPECT_TRUE(rows->get<bool>(0, 1));
  EXPECT_EQ(rows->get<std::int64_t>(0, 2), -9'007'199'254'740'993);
  EXPECT_EQ(rows->get<std::string>(0, 3), label);
  EXPECT_EQ(rows->get<Timestamp>(0, 4), time);
}

TEST_P(DatabaseTest, KeepsNull) {
  ASSERT_TRUE(run(kInsertId, {kId}));
  const auto rows = run(kSelect, {kId});
  EXPECT_EQ(rows->get<std::optional<std::string>>(0, 3), std::nullopt);
  EXPECT_EQ(rows->get<std::optional<Timestamp>>(0, 4), std::nullopt);
  EXPECT_THROW(rows->get<std::string>(0, 3), std::runtime_error);
}

TEST_P(DatabaseTest, NumbersParametersByNameNotByAppearance) {
  const auto rows = run(kSwapped, {std::string("one"), std::string("two")});
  ASSERT_TRUE(rows) << rows.error().detail;
  EXPECT_EQ(rows->get<std::string>(0, 0), "two");
  EXPECT_EQ(rows->get<std::string>(0, 1), "one");
}

TEST_P(DatabaseTest, ReturnsRowsAndTheirNumberFromAWrite) {
  ASSERT_TRUE(run(kInsertId, {std::string("a")}));
  ASSERT_TRUE(run(kInsertId, {std::string("b")}));
  const auto rows = run(kUpdateAll, {std::int64_t{7}});
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->size(), 2U);
  EXPECT_EQ(rows->affected(), 2);
  EXPECT_EQ(rows->get<std::int64_t>(1, 1), 7);
}

TEST_P(DatabaseTest, ScansAwayFromTheCallingThread) {
  ASSERT_TRUE(run(kInsertId, {std::string("b")}));
  ASSERT_TRUE(run(kInsertId, {std::string("a")}));
  const auto rows = run(kScan, {});
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->get<std::string>(0, 0), "a");
}

TEST_P(DatabaseTest, TellsAConstraintFromAFailure) {
  ASSERT_TRUE(run(kInsertId, {kId}));
  const auto again = run(kInsertId, {kId});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Errc::conflict);
}

TEST_P(DatabaseTest, DoesAllOfATransactionOrNothing) {
  ASSERT_TRUE(run(kInsertId, {std::string("taken")}));
  const auto failed = transact({{kInsertId, {std::string("new")}}, {kInsertId, {std::string("taken")}}});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Errc::conflict);
  EXPECT_EQ(count(), 1);
  const auto done = transact({{kInsertId, {std::string("x")}}, {kUpdateAll, {std::int64_t{1}}}});
  ASSERT_TRUE(done);
  EXPECT_EQ((*done)[1].affected(), 2);
}

TEST_P(DatabaseTest, AFailedWriteSpoilsNoOtherOfItsCommitGroup) {
  constexpr int kThreads = 8;
  constexpr int kEach = 50;
  std::atomic<int> stored{0};
  std::atomic<int> refused{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        // Every second id is wanted by all threads: one gets it.
        const std::string id = i % 2 == 0 ? "shared-" + std::to_string(i) : std::to_string(t) + "-" + std::to_string(i);
        (run(kInsertId, {id}) ? stored : refused)++;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(stored, kThreads * kEach / 2 + kEach / 2);
  EXPECT_EQ(refused, (kThreads - 1) * kEach / 2);
  EXPECT_EQ(count(), stored);
}

TEST_P(DatabaseTest, KeepsWhatItAcknowledgedWhenItIsOpenedAgain) {
  ASSERT_TRUE(run(kInsertId, {kId}));
  database_.reopen();
  EXPECT_EQ(count(), 1);
}

TEST_P(DatabaseTest, DoesNotWriteAfterTheDeadline) {
  const auto late = run_to_completion((*database_).run(kInsertId, {kId}, Deadline::after(std::chrono::seconds(-1))));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Errc::unavailable);
  EXPECT_EQ(count(), 0);
}

}  // namespace
}  // namespace kriya::storage
