#include "storage/sqlite/sqlite_database.h"

namespace kriya::storage::sqlite {
namespace {

constexpr Statement kHasTable{Use::lookup,
                              "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'schema_migrations'"};
constexpr Statement kHasOldestProgram{
    Use::lookup, "SELECT count(*) FROM pragma_table_info('schema_migrations') WHERE name = 'oldest_program'"};
constexpr Statement kApplied{Use::lookup,
                             "SELECT version, name, applied_at, oldest_program FROM schema_migrations "
                             "ORDER BY version"};
constexpr Statement kAppliedBefore3{Use::lookup,
                                    "SELECT version, name, applied_at, NULL FROM schema_migrations ORDER BY version"};
constexpr Statement kRecord{
    Use::write, "INSERT INTO schema_migrations (version, name, applied_at, oldest_program) VALUES ($1, $2, $3, $4)"};
constexpr Statement kRecordBefore3{Use::write,
                                   "INSERT INTO schema_migrations (version, name, applied_at) VALUES ($1, $2, $3)"};
constexpr const char* kCreateTable =
    "CREATE TABLE IF NOT EXISTS schema_migrations (version INTEGER PRIMARY KEY NOT NULL, name TEXT NOT NULL, "
    "applied_at INTEGER NOT NULL) STRICT";

Result<bool> is_there(Connection& connection, const Statement& count) {
  const auto rows = connection.run(count, {});
  if (!rows) return fail(rows.error());
  return rows->get<std::int64_t>(0, 0) == 1;
}

Result<SchemaState> read_state(Connection& connection) {
  const auto has_table = is_there(connection, kHasTable);
  if (!has_table) return fail(has_table.error());
  if (!*has_table) return compare_schema({}, sqlite_migrations());
  const auto has_oldest = is_there(connection, kHasOldestProgram);
  if (!has_oldest) return fail(has_oldest.error());
  const auto rows = connection.run(*has_oldest ? kApplied : kAppliedBefore3, {});
  if (!rows) return fail(rows.error());
  std::vector<SchemaState::Applied> applied;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    const auto oldest = rows->get<std::optional<std::int64_t>>(i, 3);
    applied.push_back({static_cast<int>(rows->get<std::int64_t>(i, 0)), rows->get<std::string>(i, 1),
                       rows->get<Timestamp>(i, 2), oldest ? std::optional(static_cast<int>(*oldest)) : std::nullopt});
  }
  return compare_schema(std::move(applied), sqlite_migrations());
}

Result<void> apply(Connection& connection, const Migration& migration, Timestamp now) {
  if (auto done = connection.execute(std::string(migration.sql)); !done) return done;
  std::vector<Value> values{std::int64_t{migration.number}, std::string(migration.name), now};
  const bool with_oldest = migration.number >= kFirstWithOldestProgram;
  if (with_oldest) values.emplace_back(std::int64_t{migration.oldest_program});
  const auto recorded = connection.run(with_oldest ? kRecord : kRecordBefore3, values);
  if (!recorded) return fail(recorded.error());
  return {};
}

}  // namespace

Result<SchemaState> schema_state(const std::filesystem::path& file) {
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) {
    return compare_schema({}, sqlite_migrations());
  }
  auto connection = Connection::open(file, Connection::Mode::look);
  if (!connection) return fail(connection.error());
  return read_state(**connection);
}

Result<std::vector<Migration>> migrate(const std::filesystem::path& file, Timestamp now) {
  auto opened = Connection::open(file, Connection::Mode::write);
  if (!opened) return fail(opened.error());
  Connection& connection = **opened;
  const auto apply_pending = [&]() -> Result<std::vector<Migration>> {
    if (auto made = connection.execute(kCreateTable); !made) return fail(made.error());
    const auto state = read_state(connection);  // under the lock: another process may just have done the work
    if (!state) return fail(state.error());
    for (const Migration& migration : state->pending) {
      if (auto done = apply(connection, migration, now); !done) return fail(done.error());
    }
    return state->pending;
  };
  if (auto locked = connection.execute("BEGIN IMMEDIATE"); !locked) return fail(locked.error());
  auto applied = apply_pending();
  if (!applied) {
    (void)connection.execute("ROLLBACK");
    return applied;
  }
  if (auto committed = connection.execute("COMMIT"); !committed) return fail(committed.error());
  return applied;
}

}  // namespace kriya::storage::sqlite
