// PostgreSQL behind the Database port: libpq in pipeline mode, a few connections for each I/O thread.
#pragma once

#include <memory>

#include "base/secret.h"
#include "runtime/io_threads.h"
#include "storage/database.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

namespace kriya::storage::postgres {

/// A caller on an I/O thread is served by that thread's own connections, without a lock and without changing threads.
/// Everybody else (start-up, maintenance, the command line) shares one more set, which has a thread of its own.
///
/// Deadlines: 2 s for a free connection, 3 s for a lookup, the request's own for everything. While the server is away
/// every call fails at once, and connections come back by themselves.
class PostgresDatabase final : public Database {
 public:
  struct Options {
    Secret url;
    bool keeps_sessions = true;           // false behind PgBouncer in transaction mode
    unsigned connections_per_thread = 4;  // at least 2: one for lookups, the others for writes
  };

  /// Connects in the background. `threads` (null: everybody else only), `log` and `metrics` must outlive the database;
  /// when it is destroyed the threads must have stopped, or must never have started.
  PostgresDatabase(const Options& options, IoThreads* threads, const telemetry::Log& log, telemetry::Metrics& metrics);
  ~PostgresDatabase() override;

  Task<Result<Rows>> run(const Statement& statement, std::vector<Value> values, Deadline deadline) override;
  Task<Result<Rows>> look_up(const Statement& by_keys, Value key, Deadline deadline) override;
  Task<Result<std::vector<Rows>>> transact(std::vector<BoundStatement> statements, Deadline deadline) override;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace kriya::storage::postgres
