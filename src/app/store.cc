#include "app/store.h"

#include "phone/phone_number.h"
#include "storage/postgres/migrate.h"
#include "storage/postgres/postgres_database.h"
#include "storage/sqlite/sqlite_database.h"

namespace kriya::app {
namespace {

using Engine = config::DatabaseUrl::Engine;

/// Numbers that the Python service let in may be spelled as Kriya would not.
std::string usual_spelling(const std::string& number) {
  const auto parsed = PhoneNumber::parse(number);
  return parsed ? parsed->str() : number;
}

std::vector<std::string> notes_on(const storage::postgres::TakenOver& taken_over) {
  std::vector<std::string> notes;
  if (taken_over.users > 0) {
    notes.push_back("took over " + std::to_string(taken_over.users) + " users of the table that was there");
  }
  if (taken_over.respelled > 0) {
    notes.push_back("brought " + std::to_string(taken_over.respelled) + " phone numbers to their one spelling");
  }
  if (taken_over.left > 0) {
    notes.push_back("left " + std::to_string(taken_over.left) +
                    " phone numbers as they were, because another user has the number in its usual spelling: these "
                    "users cannot sign in");
  }
  return notes;
}

}  // namespace

Result<std::unique_ptr<storage::Database>> open_database(const config::Settings& settings, IoThreads* threads,
                                                         const telemetry::Log& log, telemetry::Metrics& metrics,
                                                         WorkerPool& workers) {
  if (settings.database.engine == Engine::postgres) {
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
  if (settings.database.engine == Engine::postgres) return storage::postgres::schema_state(settings.database.url);
  return storage::sqlite::schema_state(settings.database.path);
}

Result<MigrationReport> migrate(const config::Settings& settings) {
  const Timestamp now = SystemClock{}.now();
  if (settings.database.engine == Engine::postgres) {
    auto migrated = storage::postgres::migrate(settings.database.url, now, usual_spelling);
    if (!migrated) return fail(migrated.error());
    return MigrationReport{std::move(migrated->applied), notes_on(migrated->taken_over)};
  }
  auto applied = storage::sqlite::migrate(settings.database.path, now);
  if (!applied) return fail(applied.error());
  return MigrationReport{*std::move(applied), {}};
}

int known_schema_version(const config::Settings& settings) {
  const bool postgres = settings.database.engine == Engine::postgres;
  return static_cast<int>((postgres ? storage::postgres_migrations() : storage::sqlite_migrations()).size());
}

Result<void> prepare_schema(const config::Settings& settings, const telemetry::Log& log) {
  const auto state = schema_state(settings);
  if (!state) return fail(state.error());
  const int needed = known_schema_version(settings);
  if (state->version() > needed) {
    log.info("the database schema is newer than this kriya, and works with it",
             {{"version", std::int64_t{state->version()}}, {"needed", std::int64_t{needed}}});
  }
  if (state->pending.empty()) return {};
  if (settings.in_production() && state->version() > 0) {
    return fail(Errc::conflict, "The database schema is at version " + std::to_string(state->version()) +
                                    "; this kriya needs " + std::to_string(needed) +
                                    ". Back the database up, then run: kriya migrate");
  }
  if (settings.in_production() && state->takes_over) {
    return fail(Errc::conflict,
                "The database has a table users of another service, which kriya can take over. Back the database up, "
                "then run: kriya migrate");
  }
  const auto report = migrate(settings);
  if (!report) return fail(report.error());
  for (const storage::Migration& migration : report->applied) {
    log.info("migration applied", {{"number", std::int64_t{migration.number}}, {"name", migration.name}});
  }
  for (const std::string& note : report->notes) log.info(note);
  return {};
}

}  // namespace kriya::app
