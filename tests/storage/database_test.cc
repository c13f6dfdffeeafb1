// What every engine behind the Database port must do.
#include "storage/database.h"

#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "crypto/random.h"
#include "tests/support/test_database.h"

namespace kriya::storage {
namespace {

using tests::soon;

// Words of type for the one table, which the engines call by other names.
constexpr const char* kCreateInSqlite =
    "CREATE TABLE things (id TEXT PRIMARY KEY NOT NULL, flag INTEGER, number INTEGER, label TEXT, at INTEGER, name "
    "TEXT "
    "UNIQUE)";
constexpr const char* kCreateInPostgres =
    "CREATE TABLE things (id uuid PRIMARY KEY, flag boolean, number bigint, label text, at timestamptz, name text "
    "UNIQUE)";
constexpr Statement kInsert{Use::write, "INSERT INTO things (id, flag, number, label, at) VALUES ($1, $2, $3, $4, $5)"};
constexpr Statement kInsertId{Use::write, "INSERT INTO things (id) VALUES ($1)"};
constexpr Statement kInsertNamed{Use::write, "INSERT INTO things (id, name) VALUES ($1, $2)"};
constexpr Statement kSelect{Use::lookup, "SELECT id, flag, number, label, at FROM things WHERE id = $1"};
constexpr Statement kCount{Use::lookup, "SELECT count(*) FROM things"};
constexpr Statement kScan{Use::scan, "SELECT name FROM things ORDER BY name"};
constexpr Statement kUpdateAll{Use::write, "UPDATE things SET number = $1 RETURNING id, number"};
constexpr Statement kRaise{Use::write, "UPDATE things SET number = number + 1 WHERE id = $1"};
constexpr Statement kSwapped{Use::lookup, "SELECT $2, $1, $2"};
constexpr Statement kByIds{Use::lookup, "SELECT id, name, number FROM things WHERE id = ANY($1)"};
constexpr Statement kByNames{Use::lookup, "SELECT name, id FROM things WHERE name = ANY($1)"};
constexpr Statement kCountOfIds{Use::lookup, "SELECT count(*) FROM things WHERE id = ANY($1) AND name = ANY($2)"};
constexpr Statement kWrong{Use::lookup, "SELECT nothing FROM nowhere"};

const Uuid kId = *Uuid::parse("017f22e2-79b0-7cc3-98c4-dc0c0c07398f");

class DatabaseTest : public ::testing::TestWithParam<tests::Engine> {
 protected:
  DatabaseTest() {
    run({Use::write, GetParam() == tests::Engine::sqlite ? kCreateInSqlite : kCreateInPostgres}, {}).value();
  }

  Result<Rows> run(const Statement& statement, std::vector<Value> values) {
    return run_to_completion((*database_).run(statement, std::move(values), soon()));
  }
  Result<std::vector<Rows>> transact(std::vector<BoundStatement> statements) {
    return run_to_completion((*database_).transact(std::move(statements), soon()));
  }
  Result<Rows> look_up(const Statement& statement, Value key) {
    return run_to_completion((*database_).look_up(statement, std::move(key), soon()));
  }
  static Uuid fresh_id() { return crypto::new_uuid(SystemClock{}.now()); }
  Uuid insert_named(const std::string& name) {
    const Uuid id = fresh_id();
    run(kInsertNamed, {id, name}).value();
    return id;
  }
  std::int64_t count() { return run(kCount, {})->get<std::int64_t>(0, 0); }

  tests::TestDatabase database_{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(Engines, DatabaseTest, tests::every_engine(), tests::engine_name);

TEST_P(DatabaseTest, KeepsEveryTypeOfValue) {
  const Timestamp time = *parse_rfc3339("2026-11-21T09:30:00.123456Z");
  const std::string label = std::string("Łukasz '\" \\ ") + "मीरा";
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

TEST_P(DatabaseTest, RefusesATextThatPostgresqlCouldNotKeep) {
  const std::string text("a\0b", 3);
  for (const auto& rows :
       {run(kInsertNamed, {kId, text}), look_up(kByNames, text), run(kByNames, {std::vector{text}})}) {
    ASSERT_FALSE(rows);
    EXPECT_EQ(rows.error().code, Errc::bad_request);
  }
  EXPECT_EQ(count(), 0);
}

TEST_P(DatabaseTest, ReturnsRowsAndTheirNumberFromAWrite) {
  insert_named("a");
  insert_named("b");
  const auto rows = run(kUpdateAll, {std::int64_t{7}});
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->size(), 2U);
  EXPECT_EQ(rows->affected(), 2);
  EXPECT_EQ(rows->get<std::int64_t>(1, 1), 7);
}

TEST_P(DatabaseTest, ScansAwayFromTheCallingThread) {
  insert_named("b");
  insert_named("a");
  const auto rows = run(kScan, {});
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->get<std::string>(0, 0), "a");
}

TEST_P(DatabaseTest, LooksUpTheRowOfOneKey) {
  const Uuid id = insert_named("asha");
  insert_named("mira");
  const auto by_id = look_up(kByIds, id);
  ASSERT_TRUE(by_id) << by_id.error().detail;
  ASSERT_EQ(by_id->size(), 1U);
  EXPECT_EQ(by_id->get<std::string>(0, 1), "asha");
  EXPECT_EQ(by_id->get<std::optional<std::int64_t>>(0, 2), std::nullopt);
  const auto by_name = look_up(kByNames, std::string("asha"));
  ASSERT_TRUE(by_name) << by_name.error().detail;
  EXPECT_EQ(by_name->get<Uuid>(0, 1), id);
  EXPECT_TRUE(look_up(kByIds, fresh_id())->empty());
  EXPECT_TRUE(look_up(kByNames, std::string("nobody"))->empty());
}

TEST_P(DatabaseTest, GivesEveryoneWhoLooksUpAtOnceTheirOwnRow) {
  constexpr int kThreads = 8;
  constexpr int kEach = 200;
  std::vector<Uuid> ids;
  for (int i = 0; i < 20; ++i) ids.push_back(insert_named("name-" + std::to_string(i)));
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        const std::size_t wanted = static_cast<std::size_t>(t + i) % (ids.size() + 1);
        const bool known = wanted < ids.size();
        const auto rows = look_up(kByIds, known ? ids[wanted] : kId);
        if (!rows || rows->size() != (known ? 1U : 0U)) continue;
        if (!known || rows->get<std::string>(0, 1) == "name-" + std::to_string(wanted)) ++right;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(right, kThreads * kEach);
}

TEST_P(DatabaseTest, SeesInALookUpWhatWasAcknowledgedBefore) {
  const Uuid id = insert_named("asha");
  run(kUpdateAll, {std::int64_t{0}}).value();
  for (std::int64_t version = 1; version <= 50; ++version) {
    ASSERT_TRUE(run(kRaise, {id}));
    ASSERT_EQ(look_up(kByIds, id)->get<std::int64_t>(0, 2), version);
  }
}

TEST_P(DatabaseTest, TakesArraysOfIdsAndTexts) {
  const Uuid a = insert_named("a \"quoted\", {brace}");
  const Uuid b = insert_named("b\\");
  insert_named("c");
  using Names = std::vector<std::string>;
  const auto matching = [&](const std::vector<Uuid>& ids, const Names& names) {
    return run(kCountOfIds, {ids, names})->get<std::int64_t>(0, 0);
  };
  EXPECT_EQ(matching({a, b, kId}, {"a \"quoted\", {brace}", "b\\", "c"}), 2);
  EXPECT_EQ(matching({a}, {"b\\"}), 0);
  EXPECT_EQ(matching({}, {}), 0);
}

TEST_P(DatabaseTest, AWrongStatementSpoilsNoOther) {
  for (int i = 0; i < 3; ++i) {
    const auto wrong = run(kWrong, {});
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().code, Errc::internal);
    EXPECT_EQ(count(), 0);
  }
}

TEST_P(DatabaseTest, TakesANullWhereAnotherTimeAValueStands) {
  ASSERT_TRUE(run(kInsert, {fresh_id(), {}, {}, {}, {}}));
  ASSERT_TRUE(run(kInsert, {fresh_id(), true, std::int64_t{1}, std::string("x"), SystemClock{}.now()}));
  ASSERT_TRUE(run(kInsert, {fresh_id(), {}, std::int64_t{2}, {}, SystemClock{}.now()}));
  EXPECT_EQ(count(), 3);
}

TEST_P(DatabaseTest, TellsAConstraintFromAFailure) {
  ASSERT_TRUE(run(kInsertId, {kId}));
  const auto again = run(kInsertId, {kId});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Errc::conflict);
}

TEST_P(DatabaseTest, DoesAllOfATransactionOrNothing) {
  insert_named("taken");
  const auto failed =
      transact({{kInsertNamed, {fresh_id(), std::string("new")}}, {kInsertNamed, {fresh_id(), std::string("taken")}}});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Errc::conflict);
  EXPECT_EQ(count(), 1);
  const auto done = transact({{kInsertId, {fresh_id()}}, {kUpdateAll, {std::int64_t{1}}}});
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
        // Every second name is wanted by all threads: one gets it.
        const std::string name =
            i % 2 == 0 ? "shared-" + std::to_string(i) : std::to_string(t) + "-" + std::to_string(i);
        (run(kInsertNamed, {fresh_id(), name}) ? stored : refused)++;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(stored, kThreads * kEach / 2 + kEach / 2);
  EXPECT_EQ(refused, (kThreads - 1) * kEach / 2);
  EXPECT_EQ(count(), stored);
}

TEST_P(DatabaseTest, TransactionsThatMeetAtTheSameRowsAllHappen) {
  const Uuid first = insert_named("first");
  const Uuid second = insert_named("second");
  run(kUpdateAll, {std::int64_t{0}}).value();
  constexpr int kThreads = 4;
  constexpr int kEach = 10;
  std::atomic<int> done{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        // Half of them the other way round: on an engine with row locks they deadlock, and are repeated.
        const bool forwards = t % 2 == 0;
        if (transact({{kRaise, {forwards ? first : second}}, {kRaise, {forwards ? second : first}}})) ++done;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(done, kThreads * kEach);
  EXPECT_EQ(look_up(kByIds, first)->get<std::int64_t>(0, 2), kThreads * kEach);
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
