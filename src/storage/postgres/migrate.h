// Bringing a PostgreSQL database's schema up to this binary's.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/secret.h"
#include "storage/migrations.h"

namespace kriya::storage::postgres {

/// How the database's schema stands. Errors: unavailable; those of compare_schema.
Result<SchemaState> schema_state(const Secret& url);

/// What became of the people of the Python service, where migration 1 took its table over.
struct TakenOver {
  std::int64_t users = 0;
  std::int64_t respelled = 0;  // brought to their number's one spelling
  std::int64_t left = 0;       // whose number another user has in that spelling: their own is never looked up
};

struct Migrated {
  std::vector<Migration> applied;
  TakenOver taken_over;
};

/// The one spelling of a telephone number in E.164; the number itself where there is no other.
using PhoneSpelling = std::function<std::string(const std::string&)>;

/// Applies what is pending, all or nothing, in one transaction under an advisory lock of the database, so that
/// processes that start together apply each migration once. Waits at most 5 s for tables that are in use. Errors as
/// schema_state, and conflict when a `users` table that is there cannot be taken over.
Result<Migrated> migrate(const Secret& url, Timestamp now, const PhoneSpelling& spelling);

}  // namespace kriya::storage::postgres
