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
/// Errors of every call: unavailable (disk full, file read-only, locked or damaged, server away; nothing was changed),
/// overloaded (too many writes are waiting), conflict (a constraint refused the row).
class Database {
 public:
  virtual ~Database() = default;

  /// One statement, a transaction of its own. A write is on disk when this returns.
  virtual Task<Result<Rows>> run(const Statement& statement, std::vector<Value> values, Deadline deadline) = 0;

  /// All of the statements or none, in order; on disk when this returns. A statement that changes no row is no failure:
  /// later statements can say what they depend on (`WHERE EXISTS ...`). A transaction is a list known beforehand so
  /// that it costs one round trip, holds no lock while the program thinks, and can share a commit with others.
  virtual Task<Result<std::vector<Rows>>> transact(std::vector<BoundStatement> statements, Deadline deadline) = 0;
};

}  // namespace kriya::storage
