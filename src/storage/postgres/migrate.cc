#include "storage/postgres/migrate.h"

#include "storage/postgres/blocking_connection.h"

namespace kriya::storage::postgres {
namespace {

/// "kriya" in ASCII: any number that nobody else locks.
constexpr const char* kLock = "SELECT pg_advisory_xact_lock(461481015649)";

// A role's own time limit may be meant for small queries. A statement that waits for a lock holds up all that come
// after it, so it must not wait long.
constexpr const char* kBegin =
    "BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0; "
    "SET LOCAL TimeZone = 'UTC'";
constexpr const char* kNoLongWaits = "SET LOCAL lock_timeout = '5s'";

constexpr const char* kTables =
    "SELECT to_regclass('schema_migrations') IS NOT NULL, to_regclass(quote_ident(current_schema()) || '.users') "
    "IS NOT NULL, (SELECT count(*) FROM pg_attribute WHERE attrelid = to_regclass('schema_migrations') AND attname "
    "IN ('version', 'name', 'applied_at') AND NOT attisdropped)";
constexpr const char* kCreateTable =
    "CREATE TABLE IF NOT EXISTS schema_migrations (version integer PRIMARY KEY, name text NOT NULL, applied_at "
    "timestamptz NOT NULL)";

// The detour over JSON reads a column that older schemas lack.
constexpr const char* kApplied =
    "SELECT version, name, (extract(epoch FROM applied_at) * 1000000)::bigint, to_jsonb(entry) ->> 'oldest_program' "
    "FROM schema_migrations AS entry ORDER BY version";

constexpr const char* kRecord =
    "INSERT INTO schema_migrations (version, name, applied_at, oldest_program) VALUES ($1, $2, $3, $4)";
constexpr const char* kRecordBefore3 = "INSERT INTO schema_migrations (version, name, applied_at) VALUES ($1, $2, $3)";

constexpr std::size_t kPage = 5000;
constexpr const char* kFirstNumbers = "SELECT id, phone_number FROM users ORDER BY id LIMIT 5000";
constexpr const char* kNextNumbers = "SELECT id, phone_number FROM users WHERE id > $1 ORDER BY id LIMIT 5000";
constexpr const char* kRespell =
    "UPDATE users SET phone_number = $2 WHERE id = $1 AND NOT EXISTS (SELECT FROM users WHERE phone_number = $2) "
    "RETURNING id";

Result<SchemaState> read_state(BlockingConnection& connection) {
  const auto tables = connection.query(kTables);
  if (!tables) return fail(tables.error());
  const BlockingConnection::Row& there = tables->front();
  std::vector<SchemaState::Applied> applied;
  if (there[0] == "t" && there[2] != "3") {
    return fail(Errc::conflict,
                "The database has a table schema_migrations of another program. Give Kriya a database of its own.");
  }
  if (there[0] == "t") {
    const auto rows = connection.query(kApplied);
    if (!rows) return fail(rows.error());
    for (const BlockingConnection::Row& row : *rows) {
      applied.push_back({std::stoi(*row[0]), *row[1], Timestamp{std::stoll(*row[2])},
                         row[3] ? std::optional(std::stoi(*row[3])) : std::nullopt});
    }
  }
  auto state = compare_schema(std::move(applied), postgres_migrations());
  if (state) state->takes_over = state->version() == 0 && there[1] == "t";
  return state;
}

Result<void> apply(BlockingConnection& connection, const Migration& migration, Timestamp now) {
  if (auto done = connection.execute(std::string(migration.sql)); !done) return done;
  std::vector<std::string> values{std::to_string(migration.number), std::string(migration.name), to_rfc3339(now)};
  const bool with_oldest = migration.number >= kFirstWithOldestProgram;
  if (with_oldest) values.push_back(std::to_string(migration.oldest_program));
  const auto recorded = connection.query(with_oldest ? kRecord : kRecordBefore3, values);
  if (!recorded) return fail(recorded.error());
  return {};
}

/// A number in another spelling than its one would never be found again.
Result<TakenOver> respell(BlockingConnection& connection, const PhoneSpelling& spelling) {
  TakenOver outcome;
  std::string last;
  for (;;) {
    const auto users = last.empty() ? connection.query(kFirstNumbers) : connection.query(kNextNumbers, {last});
    if (!users) return fail(users.error());
    for (const BlockingConnection::Row& user : *users) {
      ++outcome.users;
      const std::string usual = spelling(*user[1]);
      if (usual == *user[1]) continue;
      const auto changed = connection.query(kRespell, {*user[0], usual});
      if (!changed) return fail(changed.error());
      ++(changed->empty() ? outcome.left : outcome.respelled);
    }
    if (users->size() < kPage) return outcome;
    last = *users->back()[0];
  }
}

Result<Migrated> migrate_under_lock(BlockingConnection& connection, Timestamp now, const PhoneSpelling& spelling) {
  for (const char* sql : {kBegin, kLock, kNoLongWaits}) {
    if (auto done = connection.execute(sql); !done) return fail(done.error());
  }
  auto state = read_state(connection);  // under the lock: another process may just have done the work
  if (!state) return fail(state.error());
  if (state->version() == 0) {
    if (auto made = connection.execute(kCreateTable); !made) return fail(made.error());
  }
  Migrated outcome;
  for (const Migration& migration : state->pending) {
    if (auto done = apply(connection, migration, now); !done) return fail(done.error());
  }
  if (state->takes_over) {
    const auto taken_over = respell(connection, spelling);
    if (!taken_over) return fail(taken_over.error());
    outcome.taken_over = *taken_over;
  }
  if (auto committed = connection.execute("COMMIT"); !committed) return fail(committed.error());
  outcome.applied = std::move(state->pending);
  return outcome;
}

}  // namespace

Result<SchemaState> schema_state(const Secret& url) {
  const auto connection = BlockingConnection::open(url);
  if (!connection) return fail(connection.error());
  return read_state(**connection);
}

Result<Migrated> migrate(const Secret& url, Timestamp now, const PhoneSpelling& spelling) {
  const auto connection = BlockingConnection::open(url);
  if (!connection) return fail(connection.error());
  return migrate_under_lock(**connection, now, spelling);  // what is not committed goes with the connection
}

}  // namespace kriya::storage::postgres
