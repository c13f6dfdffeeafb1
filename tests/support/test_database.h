// A fresh, migrated database of every engine, for the store tests.
#pragma once

#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "runtime/io_threads.h"
#include "storage/postgres/migrate.h"
#include "storage/postgres/postgres_database.h"
#include "storage/sqlite/sqlite_database.h"
#include "tests/support/postgres_server.h"
#include "tests/support/temporary_folder.h"

namespace kriya::tests {

enum class Engine { sqlite, postgres };

inline auto every_engine() { return ::testing::Values(Engine::sqlite, Engine::postgres); }
inline std::string engine_name(const ::testing::TestParamInfo<Engine>& info) {
  return info.param == Engine::sqlite ? "sqlite" : "postgres";
}

/// Everything that a database needs around it. Calls are made from the test's own thread with `run_to_completion`.
class TestDatabase {
 public:
  explicit TestDatabase(Engine engine) {
    if (engine == Engine::sqlite) {
      storage::sqlite::migrate(file(), SystemClock{}.now()).value();
    } else {
      server_ = std::make_unique<PostgresDatabase>();
      const auto as_it_is = [](const std::string& number) { return number; };
      storage::postgres::migrate(Secret(server_->url()), SystemClock{}.now(), as_it_is).value();
    }
    reopen();
  }

  void reopen() {
    database_.reset();
    database_ = connect();
  }

  /// The same data once more, as another instance of the program sees it. It must not outlive this.
  std::unique_ptr<storage::Database> connect() {
    if (server_) {
      return std::make_unique<storage::postgres::PostgresDatabase>(
          storage::postgres::PostgresDatabase::Options{.url = Secret(server_->url())}, nullptr, log_, metrics_);
    }
    return storage::sqlite::SqliteDatabase::open({.file = file()}, log_, metrics_, workers_).value();
  }

  storage::Database& operator*() { return *database_; }
  std::filesystem::path file() const { return folder_.path() / "kriya.db"; }  // of SQLite
  std::string url() const { return server_->url(); }                          // of PostgreSQL
  telemetry::Metrics& metrics() { return metrics_; }
  const telemetry::Log& log() const { return log_; }
  WorkerPool& workers() { return workers_; }

 private:
  TemporaryFolder folder_;
  std::unique_ptr<PostgresDatabase> server_;
  telemetry::Log log_{{.level = telemetry::Level::error, .json = false, .file = "/dev/null"}};
  telemetry::Metrics metrics_;
  WorkerPool workers_{2, 16};
  std::unique_ptr<storage::Database> database_;
};

inline Deadline soon() { return Deadline::after(std::chrono::seconds(30)); }

}  // namespace kriya::tests
