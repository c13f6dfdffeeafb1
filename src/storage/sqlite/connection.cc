#include "storage/sqlite/connection.h"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <functional>

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include "base/json.h"

namespace kriya::storage::sqlite {
namespace {

// The writer and start-up wait for another process; their thread has nothing else to do. A read holds up its I/O
// thread, and in WAL mode it waits only while another process recovers the file or has it for itself alone.
constexpr int kBusyMillis = 5000;
constexpr int kReadBusyMillis = 200;

/// What went wrong, in words for an operator. Extended codes say more than the primary ones where it matters.
Error describe(int code, const std::string& text, const std::filesystem::path& file) {
  const std::string name = "The database " + file.string();
  switch (code & 0xff) {
    case SQLITE_FULL:
      return {Errc::unavailable, name + " cannot grow: the disk is full."};
    case SQLITE_READONLY:
      return {Errc::unavailable, name + " is read-only for this process."};
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
      return {Errc::unavailable, name + " cannot be opened: check the path and its permissions."};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {Errc::unavailable, name + " is locked by another process."};
    case SQLITE_CORRUPT:
      return {Errc::unavailable, name + " is damaged (" + text + "): restore a backup."};
    case SQLITE_NOTADB:
      return {Errc::unavailable, name + " is not an SQLite database, or is damaged."};
    case SQLITE_IOERR:
      return {Errc::unavailable, name + " met an I/O error (" + text + ")."};
    case SQLITE_NOMEM:
      return {Errc::unavailable, name + " ran out of memory."};
    case SQLITE_CONSTRAINT:
      return {Errc::conflict, "A stored row stands against this change."};  // as on PostgreSQL
    default:
      return {Errc::internal, name + " refused a statement: " + text};
  }
}

/// SQLite counts every allocation under one global lock unless told not to, which would couple the I/O threads.
void configure_library_once() {
  static const bool done = [] { return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0) == SQLITE_OK; }();
  (void)done;
}

Result<void> create_private(const std::filesystem::path& file) {
  std::error_code error;
  if (file.has_parent_path() && !std::filesystem::exists(file.parent_path(), error)) {
    if (std::filesystem::create_directories(file.parent_path(), error)) {
      std::filesystem::permissions(file.parent_path(), std::filesystem::perms::owner_all, error);
    }
    if (error) {
      return fail(Errc::unavailable,
                  "The folder " + file.parent_path().string() + " cannot be made: " + error.message() + ".");
    }
  }
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) {
    return fail(Errc::unavailable,
                "The database " + file.string() + " cannot be opened: " + std::strerror(errno) + ".");
  }
  ::close(fd);
  return {};
}

/// `= ANY($1)` is PostgreSQL's. SQLite reads an array from JSON text; for an array of one a plain comparison does.
std::string in_sqlite(std::string_view sql, bool for_one) {
  constexpr std::string_view kAny = "= ANY(";
  std::string out;
  for (std::size_t at = sql.find(kAny); at != std::string_view::npos; at = sql.find(kAny)) {
    const std::string_view parameter = sql.substr(at + kAny.size(), sql.find(')', at) - at - kAny.size());
    out.append(sql.substr(0, at));
    out.append(for_one ? "= " : "IN (SELECT value FROM json_each(").append(parameter).append(for_one ? "" : "))");
    sql.remove_prefix(at + kAny.size() + parameter.size() + 1);
  }
  return out.append(sql);
}

std::string json_array(const auto& entries, auto text_of) {
  std::string json = "[";
  for (const auto& entry : entries) {
    if (json.size() > 1) json += ',';
    append_json_string(json, text_of(entry));
  }
  return json + "]";
}

int bind(sqlite3_stmt* statement, int index, const Value& value) {
  struct Binder {
    sqlite3_stmt* statement;
    int index;
    int text(const std::string& text) const {
      return sqlite3_bind_text64(statement, index, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
    }
    int operator()(std::monostate) const { return sqlite3_bind_null(statement, index); }
    int operator()(bool flag) const { return sqlite3_bind_int(statement, index, flag ? 1 : 0); }
    int operator()(std::int64_t number) const { return sqlite3_bind_int64(statement, index, number); }
    int operator()(const std::string& string) const { return text(string); }
    int operator()(const Uuid& uuid) const { return text(uuid.str()); }
    int operator()(Timestamp time) const { return sqlite3_bind_int64(statement, index, time.micros); }
    int operator()(const std::vector<Uuid>& uuids) const {
      return text(json_array(uuids, [](const Uuid& uuid) { return uuid.str(); }));
    }
    int operator()(const std::vector<std::string>& strings) const { return text(json_array(strings, std::identity{})); }
  };
  return std::visit(Binder{statement, index}, value);
}

Value column(sqlite3_stmt* statement, int index) {
  switch (sqlite3_column_type(statement, index)) {
    case SQLITE_INTEGER:
      return std::int64_t{sqlite3_column_int64(statement, index)};
    case SQLITE_NULL:
      return {};
    default: {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, index));
      return std::string(text, static_cast<std::size_t>(sqlite3_column_bytes(statement, index)));
    }
  }
}

/// Two processes that switch a fresh file to WAL at once could wait for each other for ever, so SQLite refuses one of
/// them without waiting at all; a moment later the mode is there.
int switch_to_wal(sqlite3* handle) {
  using Steady = std::chrono::steady_clock;
  const auto give_up = Steady::now() + std::chrono::milliseconds(kBusyMillis);
  for (;;) {
    const int code = sqlite3_exec(handle, "PRAGMA journal_mode=WAL", nullptr, nullptr, nullptr);
    if ((code & 0xff) != SQLITE_BUSY || Steady::now() >= give_up) return code;
    sqlite3_sleep(10);
  }
}

/// Ends the statement's read transaction and drops its values however the run ends.
struct ResetOnExit {
  sqlite3_stmt* statement;
  ~ResetOnExit() {
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
  }
};

}  // namespace

void Connection::Close::operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
void Connection::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Connection::Connection(std::unique_ptr<sqlite3, Close> handle, std::filesystem::path file)
    : file_(std::move(file)), handle_(std::move(handle)) {}

Connection::~Connection() = default;

Result<std::unique_ptr<Connection>> Connection::open(const std::filesystem::path& file, Mode mode) {
  if (mode == Mode::write) {
    if (auto made = create_private(file); !made) return fail(made.error());
  }
  configure_library_once();
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(file.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  std::unique_ptr<sqlite3, Close> handle(raw);
  if (code != SQLITE_OK) return fail(describe(code, sqlite3_errstr(code), file));
  sqlite3_extended_result_codes(raw, 1);
  sqlite3_busy_timeout(raw, mode == Mode::read ? kReadBusyMillis : kBusyMillis);
  std::unique_ptr<Connection> connection(new Connection(std::move(handle), file));
  if (mode == Mode::write) {
    if (const int switched = switch_to_wal(raw); switched != SQLITE_OK) return fail(connection->error(switched));
  }
  const char* pragmas = mode == Mode::write ? "PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; "
                                              "PRAGMA trusted_schema=OFF"
                                            : "PRAGMA query_only=ON; PRAGMA trusted_schema=OFF";
  if (auto ready = connection->execute(pragmas); !ready) return fail(ready.error());
  return connection;
}

Error Connection::error(int code) const { return describe(code, sqlite3_errmsg(handle_.get()), file_); }

bool Connection::autocommit() const { return sqlite3_get_autocommit(handle_.get()) != 0; }

Result<void> Connection::execute(const std::string& sql) {
  const int code = sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return fail(error(code));
  return {};
}

Result<sqlite3_stmt*> Connection::prepared(PreparedBySql& kept, const char* sql) {
  auto& slot = kept[sql];
  if (!slot) {
    sqlite3_stmt* fresh = nullptr;
    const std::string text = in_sqlite(sql, &kept == &prepared_for_one_);
    const int code = sqlite3_prepare_v3(handle_.get(), text.c_str(), -1, SQLITE_PREPARE_PERSISTENT, &fresh, nullptr);
    if (code != SQLITE_OK) return fail(error(code));
    slot.reset(fresh);
  }
  return slot.get();
}

Result<Rows> Connection::run(const Statement& statement, const std::vector<Value>& values) {
  auto found = prepared(prepared_, statement.sql);
  if (!found) return fail(found.error());
  sqlite3_stmt* ready = *found;
  const ResetOnExit reset{ready};
  for (std::size_t i = 0; i < values.size(); ++i) {
    // To SQLite "$1" is a name, numbered by first appearance: the position must be asked for.
    if (holds_nul(values[i])) return fail(text_holds_nul());
    const std::string name = "$" + std::to_string(i + 1);
    const int index = sqlite3_bind_parameter_index(ready, name.c_str());
    if (index == 0) return fail(Errc::internal, "A statement has no parameter " + name + ".");
    if (const int code = bind(ready, index, values[i]); code != SQLITE_OK) return fail(error(code));
  }
  return step(ready, statement.use);
}

Result<Rows> Connection::run_for_one(const Statement& by_keys, const Value& key) {
  auto found = prepared(prepared_for_one_, by_keys.sql);
  if (!found) return fail(found.error());
  const ResetOnExit reset{*found};
  if (holds_nul(key)) return fail(text_holds_nul());
  if (const int code = bind(*found, 1, key); code != SQLITE_OK) return fail(error(code));
  return step(*found, by_keys.use);
}

Result<Rows> Connection::step(sqlite3_stmt* ready, Use use) {
  const int columns = sqlite3_column_count(ready);
  Rows rows(static_cast<std::size_t>(columns));
  int code = SQLITE_ROW;
  while ((code = sqlite3_step(ready)) == SQLITE_ROW) {
    for (int i = 0; i < columns; ++i) rows.add_cell(column(ready, i));
  }
  if (code != SQLITE_DONE) return fail(error(code));
  if (use == Use::write) rows.set_affected(sqlite3_changes64(handle_.get()));
  return rows;
}

}  // namespace kriya::storage::sqlite
