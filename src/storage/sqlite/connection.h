// One SQLite connection under RAII, with its prepared statements. Used by one thread at a time.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <unordered_map>

#include "base/error.h"
#include "storage/statement.h"

struct sqlite3;
struct sqlite3_stmt;

namespace kriya::storage::sqlite {

class Connection {
 public:
  enum class Mode {
    read,  // on an I/O thread: gives up soon where another process holds the file
    look,  // reads too, but has time: before the server serves
    write,
  };

  /// Opens the file; `write` creates it (mode 0600) and its folder (mode 0700) when missing, and switches it to WAL
  /// with synchronous=FULL. Errors: unavailable, with words for an operator.
  static Result<std::unique_ptr<Connection>> open(const std::filesystem::path& file, Mode mode);
  ~Connection();

  /// Runs one statement with its values and gathers its rows. The prepared form is kept.
  Result<Rows> run(const Statement& statement, const std::vector<Value>& values);

  /// Runs a statement that takes an array of keys (`= ANY($1)`) for one key, without the detour over an array.
  Result<Rows> run_for_one(const Statement& by_keys, const Value& key);

  /// Runs SQL text without values, several statements at once (schema, BEGIN, COMMIT).
  Result<void> execute(const std::string& sql);

  /// False inside a transaction; true as well after SQLite has rolled one back by itself (disk full, I/O error).
  bool autocommit() const;

 private:
  struct Close {
    void operator()(sqlite3* handle) const;
  };
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  using Prepared = std::unique_ptr<sqlite3_stmt, Finalize>;
  using PreparedBySql = std::unordered_map<const char*, Prepared>;

  Connection(std::unique_ptr<sqlite3, Close> handle, std::filesystem::path file);
  Result<sqlite3_stmt*> prepared(PreparedBySql& kept, const char* sql);
  Result<Rows> step(sqlite3_stmt* ready, Use use);
  Error error(int code) const;

  std::filesystem::path file_;
  std::unique_ptr<sqlite3, Close> handle_;
  PreparedBySql prepared_;  // these are declared after the handle: statements go first
  PreparedBySql prepared_for_one_;
};

}  // namespace kriya::storage::sqlite
