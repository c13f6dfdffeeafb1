// The numbered changes of the schema, built into the binary from migrations/<engine>/NNNN_name.sql.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"

namespace kriya::storage {

struct Migration {
  int number;             // 1, 2, 3, ... without gaps
  std::string_view name;  // "users"
  std::string_view sql;
  /// Programs of this schema version and later still work once the migration is applied: the version before it, unless
  /// the file says otherwise in a line `-- works with programs of version N`.
  int oldest_program;
};

/// In ascending order; the same numbers and names for every engine.
std::span<const Migration> sqlite_migrations();
std::span<const Migration> postgres_migrations();

/// How a database's schema stands against the binary's.
struct SchemaState {
  struct Applied {
    int number;
    std::string name;
    Timestamp applied_at;
    /// As in Migration. Migrations 1 and 2 were recorded without it: the version before.
    std::optional<int> oldest_program = {};
  };
  std::vector<Applied> applied;
  std::vector<Migration> pending;

  /// Version 0, but a table `users` is there: the Python service's, which migration 1 takes over.
  bool takes_over = false;

  int version() const { return applied.empty() ? 0 : applied.back().number; }
};

/// Migration 3 brought the column schema_migrations.oldest_program.
constexpr int kFirstWithOldestProgram = 3;

/// Holds what a database says was applied (in ascending order) against what this binary has. A database that is newer
/// is no error as long as every newer migration leaves programs of this binary's version working: then nothing is
/// pending and version() exceeds the number of `known`. Errors: conflict, in words for an operator.
Result<SchemaState> compare_schema(std::vector<SchemaState::Applied> applied, std::span<const Migration> known);

}  // namespace kriya::storage
