#include "app/store.h"

#include "storage/postgres/postgres_database.h"
#include "storage/sqlite/sqlite_database.h"

namespace kriya::app {

Result<std::unique_ptr<storage::Database>> open_database(const config::Settings& settings, IoThreads* threads,
                                                         const telemetry::Log& log, telemetry::Metrics& metrics,
                                                         WorkerPool& workers) {
  if (settings.database.engine == config::DatabaseUrl::Engine::postgres) {
    return std::make_unique<storage::postgres::PostgresDatabase>(
        storage::postgres::PostgresDatabase::Options{
            .url = settings.database.url,
            .keeps_sessions = settings.database_prepared_statements,
            .connections_per_thread = settings.database_connections_per_thread},
        threads, log, metrics);
  }
  return storage::sqlite::SqliteDatabase::open({.file = settings.database.path, .io_threads = settings.workers}, log,
                                               metrics, workers);
}

Result<storage::SchemaState> schema_state(const config::Settings& settings) {
  return storage::sqlite::schema_state(settings.database.path);
}

Result<std::vector<storage::Migration>> migrate(const config::Settings& settings) {
  return storage::sqlite::migrate(settings.database.path, SystemClock{}.now());
}

int known_schema_version(const config::Settings&) { return static_cast<int>(storage::sqlite_migrations().size()); }

Result<void> prepare_schema(const config::Settings& settings, const telemetry::Log& log) {
  const auto state = schema_state(settings);
  if (!state) return fail(state.error());
  if (state->pending.empty()) return {};
  if (settings.in_production() && state->version() > 0) {
    return fail(Errc::conflict, "The database schema is at version " + std::to_string(state->version()) +
                                    "; this kriya needs " + std::to_string(known_schema_version(settings)) +
                                    ". Back the database up, then run: kriya migrate");
  }
  const auto applied = migrate(settings);
  if (!applied) return fail(applied.error());
  for (const storage::Migration& migration : *applied) {
    log.info("migration applied", {{"number", std::int64_t{migration.number}}, {"name", migration.name}});
  }
  return {};
}

}  // namespace kriya::app
