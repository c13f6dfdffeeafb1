// What is PostgreSQL's own: connections that are shared, lost, held up and found again.
#include "storage/postgres/postgres_database.h"

#include <atomic>
#include <future>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <gtest/gtest.h>

#include "crypto/random.h"
#include "tests/support/postgres_server.h"
#include "tests/support/test_database.h"

namespace kriya::storage::postgres {
namespace {

using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;

constexpr Statement kOne{Use::lookup, "SELECT 1::bigint"};
constexpr Statement kById{Use::lookup, "SELECT id, number FROM things WHERE id = ANY($1)"};
constexpr Statement kInsert{Use::write, "INSERT INTO things (id, number) VALUES ($1, $2)"};
constexpr Statement kRaise{Use::write, "UPDATE things SET number = number + 1 WHERE id = $1"};
constexpr Statement kWholeRow{Use::lookup, "SELECT * FROM things"};

/// Keeps a transaction open beside the database under test.
class OtherSession {
 public:
  OtherSession(const std::string& url, const char* sql) : connection_(PQconnectdb(url.c_str()), PQfinish) {
    run("BEGIN");
    run(sql);
  }
  void run(const char* sql) { PQclear(PQexec(connection_.get(), sql)); }

 private:
  std::unique_ptr<PGconn, decltype(&PQfinish)> connection_;
};

class PostgresDatabaseTest : public ::testing::Test {
 protected:
  PostgresDatabaseTest() { server_.run("CREATE TABLE things (id uuid PRIMARY KEY, number bigint)"); }

  std::unique_ptr<Database> open(bool keeps_sessions = true, IoThreads* threads = nullptr) {
    return std::make_unique<PostgresDatabase>(
        PostgresDatabase::Options{.url = Secret(server_.url()), .keeps_sessions = keeps_sessions}, threads, log_,
        metrics_);
  }
  Uuid insert(Database& database) {
    const Uuid id = crypto::new_uuid(SystemClock{}.now());
    run_to_completion(database.run(kInsert, {id, std::int64_t{0}}, tests::soon())).value();
    return id;
  }
  double metric(const std::string& name) {
    const std::string text = "\n" + metrics_.render();
    return std::stod(text.substr(text.find("\n" + name + " ") + name.size() + 2));
  }
  /// Asks until the database answers again; a test that hangs here has failed.
  static void await_recovery(Database& database) {
    const auto give_up = Steady::now() + std::chrono::seconds(30);
    while (!run_to_completion(database.run(kOne, {}, tests::soon()))) {
      ASSERT_LT(Steady::now(), give_up);
      std::this_thread::yield();
    }
  }

  tests::PostgresDatabase server_;
  telemetry::Log log_{{.level = telemetry::Level::error, .json = false, .file = "/dev/null"}};
  telemetry::Metrics metrics_;
};

Task<void> look_up(Database& database, Uuid id, std::atomic<int>& found, std::promise<void>& all, int wanted) {
  const auto rows = co_await database.look_up(kById, id, tests::soon());
  if (rows && rows->size() == 1 && rows->get<Uuid>(0, 0) == id) ++found;
  if (found == wanted) all.set_value();
}

TEST_F(PostgresDatabaseTest, KeysLookedUpInOneTurnOfTheLoopShareAQuery) {
  constexpr int kKeys = 200;
  IoThreads threads(1);
  auto database = open(true, &threads);
  std::vector<Uuid> ids;
  for (int i = 0; i < kKeys; ++i) ids.push_back(insert(*database));
  std::atomic<int> found{0};
  std::promise<void> all;
  for (const Uuid& id : ids) {
    asio::co_spawn(threads.context(0), look_up(*database, id, found, all, kKeys), asio::detached);
  }
  threads.start();
  ASSERT_EQ(all.get_future().wait_for(std::chrono::seconds(30)), std::future_status::ready);
  EXPECT_EQ(metric("kriya_database_lookups_total"), kKeys);
  EXPECT_LE(metric("kriya_database_lookup_queries_total"), 3);
  threads.stop();
}

TEST_F(PostgresDatabaseTest, ComesBackByItselfWhenTheServerEndsItsConnections) {
  auto database = open();
  const Uuid id = insert(*database);
  for (int round = 0; round < 3; ++round) {
    server_.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'kriya' AND datname = "
        "current_database()");
    await_recovery(*database);
    const auto rows = run_to_completion(database->look_up(kById, id, tests::soon()));
    ASSERT_TRUE(rows) << rows.error().detail;
    EXPECT_EQ(rows->size(), 1U);
    // The connection for writes may learn of its end only now, and then the write has not happened.
    if (!run_to_completion(database->run(kRaise, {id}, tests::soon()))) {
      EXPECT_TRUE(run_to_completion(database->run(kRaise, {id}, tests::soon())));
    }
  }
  EXPECT_EQ(run_to_completion(database->look_up(kById, id, tests::soon()))->get<std::int64_t>(0, 1), 3);
}

TEST_F(PostgresDatabaseTest, AWriteThatWaitsForALockEndsAtItsDeadlineAndHasNotHappened) {
  auto database = open();
  const Uuid id = insert(*database);
  OtherSession other(server_.url(), ("SELECT 1 FROM things WHERE id = '" + id.str() + "' FOR UPDATE").c_str());
  const auto start = Steady::now();
  const auto rows = run_to_completion(database->run(kRaise, {id}, Deadline::after(milliseconds(300))));
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code, Errc::unavailable);
  EXPECT_LT(Steady::now() - start, std::chrono::seconds(5));
  other.run("ROLLBACK");
  EXPECT_EQ(run_to_completion(database->look_up(kById, id, tests::soon()))->get<std::int64_t>(0, 1), 0);
  ASSERT_TRUE(run_to_completion(database->run(kRaise, {id}, tests::soon())));
  EXPECT_EQ(run_to_completion(database->look_up(kById, id, tests::soon()))->get<std::int64_t>(0, 1), 1);
}

TEST_F(PostgresDatabaseTest, LookupsDoNotWaitBehindATransactionThatWaits) {
  auto database = open();
  const Uuid held = insert(*database);
  const Uuid free = insert(*database);
  OtherSession other(server_.url(), ("SELECT 1 FROM things WHERE id = '" + held.str() + "' FOR UPDATE").c_str());
  auto waiting = std::async(std::launch::async, [&] {
    return run_to_completion(database->transact({{kRaise, {held}}, {kRaise, {free}}}, tests::soon()));
  });
  const auto wait_until_it_waits = [&] {
    while (server_.run("SELECT count(*) FROM pg_locks WHERE NOT granted")[0][0] == "0") std::this_thread::yield();
  };
  wait_until_it_waits();
  EXPECT_TRUE(run_to_completion(database->look_up(kById, held, tests::soon())));
  const auto other_write = run_to_completion(database->run(kInsert, {Uuid(), std::int64_t{5}}, tests::soon()));
  EXPECT_TRUE(other_write) << other_write.error().detail;
  EXPECT_EQ(waiting.wait_for(milliseconds(0)), std::future_status::timeout);
  other.run("COMMIT");
  EXPECT_TRUE(waiting.get());
}

TEST_F(PostgresDatabaseTest, RepeatsAStatementWhoseTableHasChangedBeneathIt) {
  auto database = open();
  insert(*database);
  ASSERT_EQ(run_to_completion(database->run(kWholeRow, {}, tests::soon()))->size(), 1U);
  server_.run("ALTER TABLE things ADD COLUMN label text");
  const auto rows = run_to_completion(database->run(kWholeRow, {}, tests::soon()));
  ASSERT_TRUE(rows) << rows.error().detail;
  EXPECT_EQ(rows->get<std::optional<std::string>>(0, 2), std::nullopt);
}

TEST_F(PostgresDatabaseTest, KeepsNothingInTheSessionWhenToldSo) {
  auto database = open(false);
  const Uuid id = insert(*database);
  ASSERT_TRUE(run_to_completion(database->look_up(kById, id, tests::soon())));
  constexpr Statement kPrepared{Use::lookup, "SELECT count(*) FROM pg_prepared_statements"};
  EXPECT_EQ(run_to_completion(database->run(kPrepared, {}, tests::soon()))->get<std::int64_t>(0, 0), 0);
}

TEST_F(PostgresDatabaseTest, SaysAtOnceThatAServerWhichIsNotThereIsAway) {
  PostgresDatabase database({.url = Secret("postgresql://nobody:hush-hush@127.0.0.1:1/none")}, nullptr, log_, metrics_);
  for (int i = 0; i < 5; ++i) {
    const auto start = Steady::now();
    const auto rows = run_to_completion(database.run(kOne, {}, tests::soon()));
    ASSERT_FALSE(rows);
    EXPECT_EQ(rows.error().code, Errc::unavailable);
    EXPECT_EQ(rows.error().detail, "The database is unavailable; try again shortly.");
    EXPECT_LT(Steady::now() - start, std::chrono::seconds(3));
  }
  EXPECT_FALSE(run_to_completion(database.transact({{kInsert, {Uuid(), std::int64_t{1}}}}, tests::soon())));
  EXPECT_FALSE(run_to_completion(database.look_up(kById, Uuid(), tests::soon())));
}

TEST_F(PostgresDatabaseTest, EndsWithCallsUnderWay) {
  // The coroutines that wait are destroyed with their context, the connections with the database.
  IoThreads threads(2);
  auto database = open(true, &threads);
  const Uuid id = insert(*database);
  OtherSession other(server_.url(), ("SELECT 1 FROM things WHERE id = '" + id.str() + "' FOR UPDATE").c_str());
  threads.start();
  std::atomic<int> found{0};
  std::promise<void> one;
  for (unsigned i = 0; i < threads.count(); ++i) {
    asio::co_spawn(
        threads.context(i),
        [](Database& on, Uuid key) -> Task<void> { (void)co_await on.run(kRaise, {key}, tests::soon()); }(*database,
                                                                                                          id),
        asio::detached);
  }
  asio::co_spawn(threads.context(0), look_up(*database, id, found, one, 1), asio::detached);
  ASSERT_EQ(one.get_future().wait_for(std::chrono::seconds(30)), std::future_status::ready);
  threads.stop();
  database.reset();
}

}  // namespace
}  // namespace kriya::storage::postgres
