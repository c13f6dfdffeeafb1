// A fresh, migrated database of every engine, for the store tests.
#pragma once

#include <memory>
#include <string>

#include "runtime/io_threads.h"
#include "storage/sqlite/sqlite_database.h"
#include "tests/support/temporary_folder.h"

namespace kriya::tests {

enum class Engine { sqlite };

inline std::string engine_name(const ::testing::TestParamInfo<Engine>&) { return "sqlite"; }

/// Everything that a database needs around it. Calls are made from the test's own thread with `run_to_completion`.
class TestDatabase {
 public:
  explicit TestDatabase(Engine) {
    storage::sqlite::migrate(file(), SystemClock{}.now()).value();
    reopen();
  }

  void reopen() {
    database_.reset();
    database_ = storage::sqlite::SqliteDatabase::open({.file = file()}, log_, metrics_, workers_).value();
  }

  storage::Database& operator*() { return *database_; }
  std::filesystem::path file() const { return folder_.path() / "kriya.db"; }
  telemetry::Metrics& metrics() { return metrics_; }
  const telemetry::Log& log() const { return log_; }
  WorkerPool& workers() { return workers_; }

 private:
  TemporaryFolder folder_;
  telemetry::Log log_{{.level = telemetry::Level::error, .json = false, .file = "/dev/null"}};
  telemetry::Metrics metrics_;
  WorkerPool workers_{2, 16};
  std::unique_ptr<storage::Database> database_;
};

inline Deadline soon() { return Deadline::after(std::chrono::seconds(30)); }

}  // namespace kriya::tests
