// SQLite behind the Database port: WAL, one reader a thread, one writer with group commit.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <vector>

#include "runtime/worker_pool.h"
#include "storage/database.h"
#include "storage/failure_log.h"
#include "storage/migrations.h"
#include "storage/sqlite/connection.h"
#include "storage/sqlite/writer.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

namespace kriya::storage::sqlite {

/// Look-ups run at once on the calling thread (microseconds, no thread change), scans in the worker pool, writes in the
/// writer's thread. There is no cache of rows: another process (`kriya user revoke`) may write at any time, and WAL
/// shows every reader the newest commit.
class SqliteDatabase final : public Database {
 public:
  struct Options {
    std::filesystem::path file;
    unsigned io_threads = 1;
    std::size_t max_queued_writes = 4096;
  };

  /// Errors: unavailable, with words for an operator. `log`, `metrics` and `workers` must outlive the database.
  static Result<std::unique_ptr<SqliteDatabase>> open(Options options, const telemetry::Log& log,
                                                      telemetry::Metrics& metrics, WorkerPool& workers);

  Task<Result<Rows>> run(const Statement& statement, std::vector<Value> values, Deadline deadline) override;
  Task<Result<Rows>> look_up(const Statement& by_keys, Value key, Deadline deadline) override;
  Task<Result<std::vector<Rows>>> transact(std::vector<BoundStatement> statements, Deadline deadline) override;

 private:
  SqliteDatabase(Options options, std::unique_ptr<Connection> writer, const telemetry::Log& log,
                 telemetry::Metrics& metrics, WorkerPool& workers);

  template <class Read>
  Result<Rows> read_here(Read read);
  template <class Read>
  Result<Rows> read_on(std::unique_ptr<Connection>& reader, Read read);

  Options options_;
  WorkerPool& workers_;
  telemetry::Histogram& lookup_seconds_;
  FailureLog failures_;
  std::vector<std::unique_ptr<Connection>> readers_;  // one an I/O thread
  std::mutex shared_reader_mutex_;
  std::unique_ptr<Connection> shared_reader_;  // for all other threads
  Writer writer_;
};

/// How the file's schema stands; an absent file is an empty schema. Errors: unavailable; conflict when the schema is
/// newer than this binary knows, or when an applied migration is not the one that this binary has.
Result<SchemaState> schema_state(const std::filesystem::path& file);

/// Applies what is pending, each migration in a transaction, all under the file's write lock, so that processes that
/// start together apply each once. Returns what was applied. Errors as schema_state.
Result<std::vector<Migration>> migrate(const std::filesystem::path& file, Timestamp now);

}  // namespace kriya::storage::sqlite
