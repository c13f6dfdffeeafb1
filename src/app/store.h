// Opening the database that the configuration names: the only place that asks which engine it is.
#pragma once

#include <memory>
#include <vector>

#include "base/error.h"
#include "config/settings.h"
#include "runtime/io_threads.h"
#include "runtime/worker_pool.h"
#include "storage/database.h"
#include "storage/migrations.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

namespace kriya::app {

/// `threads`: who will ask; null outside the server. Errors: unavailable or conflict, with words for an operator.
Result<std::unique_ptr<storage::Database>> open_database(const config::Settings& settings, IoThreads* threads,
                                                         const telemetry::Log& log, telemetry::Metrics& metrics,
                                                         WorkerPool& workers);
Result<storage::SchemaState> schema_state(const config::Settings& settings);

struct MigrationReport {
  std::vector<storage::Migration> applied;
  std::vector<std::string> notes;  // whole sentences on what became of the rows that were there
};
Result<MigrationReport> migrate(const config::Settings& settings);

/// The schema version that this binary works with.
int known_schema_version(const config::Settings& settings);

/// Makes the schema current where that is safe to do unasked: always in development, and in production for a database
/// that is still empty. A schema that a newer program has migrated stays, as long as this one can use it. Errors:
/// conflict, when an operator must run `kriya migrate` first; those of migrate.
Result<void> prepare_schema(const config::Settings& settings, const telemetry::Log& log);

}  // namespace kriya::app
