// One PostgreSQL connection that waits: for start-up and the command line, which have nothing else to do.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/secret.h"
#include "storage/postgres/connect.h"

struct pg_result;

namespace kriya::storage::postgres {

/// Keeps to what works behind PgBouncer in transaction mode: no state of the session, no prepared statement with a
/// name. Used by one thread.
class BlockingConnection {
 public:
  /// One row; a NULL is nullopt.
  using Row = std::vector<std::optional<std::string>>;

  /// Takes the URL as libpq does, with all of its parameters, and gives up after 5 seconds unless the URL or
  /// PGCONNECT_TIMEOUT says otherwise. Errors: unavailable, in words for an operator: host, port, database and cause,
  /// never the password.
  static Result<std::unique_ptr<BlockingConnection>> open(const Secret& url);
  ~BlockingConnection();

  /// SQL text without values, several statements at once. Outside of BEGIN they are one transaction.
  /// Errors: conflict (a constraint, or what the SQL itself raises), unavailable (the server, its locks, its rights),
  /// internal (the statement is wrong).
  Result<void> execute(const std::string& sql);

  /// One statement with its values ($1, ...) as text, and its rows as text.
  Result<std::vector<Row>> query(const std::string& sql, const std::vector<std::string>& values = {});

 private:
  explicit BlockingConnection(Handle handle);
  Error error(const pg_result* result) const;

  Handle handle_;
  std::string name_;  // "PostgreSQL at db.example.org port 5432, database kriya"
};

}  // namespace kriya::storage::postgres
