// The numbered changes of the schema, built into the binary from migrations/<engine>/NNNN_name.sql.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

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
  };
  std::vector<Applied> applied;
  std::vector<Migration> pending;

  int version() const { return applied.empty() ? 0 : applied.back().number; }
};

}  // namespace kriya::storage
