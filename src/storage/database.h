// The one door to what must last.
#pragma once

#include <vector>

#include "base/error.h"
#include "runtime/deadline.h"
#include "runtime/task.h"
#include "storage/statement.h"

namespace kriya::storage {

/// An SQL database. Safe to use from every I/O thread; an answer arrives on the thread that asked.
///
/// Errors of every call: unavailable (disk full, file read-only, locked or damaged, server away), overloaded (too much
/// is waiting), conflict (a constraint refused the row). Nothing was changed, with one exception: when a database
/// server goes away between the commit and its answer, nobody can know; so writes are made such that repeating them is
/// safe.
class Database {
 public:
  virtual ~Database() = default;

  /// One statement, a transaction of its own. A write is on disk when this returns.
  virtual Task<Result<Rows>> run(const Statement& statement, std::vector<Value> values, Deadline deadline) = 0;

  /// The row of one key, from a statement that takes many: its $1 is used once, as `= ANY($1)`, its first column is the
  /// key, and no two rows have the same one. Where asking is a round trip, keys that wait at the same time travel in
  /// one query; it is always sent after the call, so the row is as fresh as by a query of its own. Empty when there is
  /// none.
  virtual Task<Result<Rows>> look_up(const Statement& by_keys, Value key, Deadline deadline) = 0;

  /// All of the statements or none, in order; on disk when this returns. A statement that changes no row is no failure:
  /// later statements can say what they depend on (`WHERE EXISTS ...`). A transaction is a list known beforehand so
  /// that it costs one round trip, holds no lock while the program thinks, and can share a commit with others.
  virtual Task<Result<std::vector<Rows>>> transact(std::vector<BoundStatement> statements, Deadline deadline) = 0;
};

}  // namespace kriya::storage
