#include "storage/sqlite/sqlite_database.h"

namespace kriya::storage::sqlite {
namespace {

constexpr Statement kHasTable{Use::lookup,
                              "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'schema_migrations'"};
constexpr Statement kApplied{Use::lookup, "SELECT version, name, applied_at FROM schema_migrations ORDER BY version"};
constexpr Statement kRecord{Use::write,
                            "INSERT INTO schema_migrations (version, name, applied_at) VALUES ($1, $2, $3)"};
constexpr const char* kCreateTable =
    "CREATE TABLE IF NOT EXISTS schema_migrations (version INTEGER PRIMARY KEY NOT NULL, name TEXT NOT NULL, "
    "applied_at INTEGER NOT NULL) STRICT";

Result<SchemaState> read_state(Connection& connection) {
  SchemaState state;
  const auto has_table = connection.run(kHasTable, {});
  if (!has_table) return fail(has_table.error());
  if (has_table->get<std::int64_t>(0, 0) == 1) {
    const auto rows = connection.run(kApplied, {});
    if (!rows) return fail(rows.error());
    for (std::size_t i = 0; i < rows->size(); ++i) {
      state.applied.push_back(
          {static_cast<int>(rows->get<std::int64_t>(i, 0)), rows->get<std::string>(i, 1), rows->get<Timestamp>(i, 2)});
    }
  }
  const auto known = sqlite_migrations();
  for (const auto& applied : state.applied) {
    if (applied.number < 1) {
      return fail(Errc::conflict, "The database names a migration " + std::to_string(applied.number) +
                                      ", which cannot be: it is damaged, or belongs to another program.");
    }
    const auto number = static_cast<std::size_t>(applied.number);
    if (number > known.size()) {
      return fail(Errc::conflict, "The database schema is at version " + std::to_string(state.version()) +
                                      ", newer than this kriya knows (" + std::to_string(known.size()) +
                                      "). Run the newer kriya, or restore a backup from before the upgrade.");
    }
    if (known[number - 1].name != applied.name) {
      return fail(Errc::conflict, "Migration " + std::to_string(applied.number) + " of the database is '" +
                                      applied.name + "', not '" + std::string(known[number - 1].name) +
                                      "': this database belongs to another program.");
    }
  }
  const auto pending = known.subspan(static_cast<std::size_t>(state.version()));
  state.pending.assign(pending.begin(), pending.end());
  return state;
}

}  // namespace

Result<SchemaState> schema_state(const std::filesystem::path& file) {
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) {
    const auto all = sqlite_migrations();
    return SchemaState{{}, {all.begin(), all.end()}};
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
      if (auto done = connection.execute(std::string(migration.sql)); !done) return fail(done.error());
      const auto recorded = connection.run(kRecord, {std::int64_t{migration.number}, std::string(migration.name), now});
      if (!recorded) return fail(recorded.error());
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
