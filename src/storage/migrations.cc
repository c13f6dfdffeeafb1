#include "storage/migrations.h"

namespace kriya::storage {
namespace {

std::string wrong_number(int found, int expected) {
  return "The database names a migration " + std::to_string(found) + " where " + std::to_string(expected) +
         " was expected: it is damaged, or belongs to another program.";
}

std::string wrong_name(const SchemaState::Applied& applied, const Migration& known) {
  return "Migration " + std::to_string(applied.number) + " of the database is '" + applied.name + "', not '" +
         std::string(known.name) + "': this database belongs to another program.";
}

std::string too_new(int version, int oldest_program, std::size_t known) {
  return "The database schema is at version " + std::to_string(version) + ", newer than this kriya knows (" +
         std::to_string(known) + "), and works with kriya of version " + std::to_string(oldest_program) +
         " and later only. Run the newer kriya, or restore a backup from before the upgrade.";
}

}  // namespace

Result<SchemaState> compare_schema(std::vector<SchemaState::Applied> applied, std::span<const Migration> known) {
  SchemaState state;
  state.applied = std::move(applied);
  std::size_t shared = 0;  // migrations that both have
  for (const SchemaState::Applied& migration : state.applied) {
    if (shared < known.size()) {
      const Migration& expected = known[shared++];
      if (migration.number != expected.number) {
        return fail(Errc::conflict, wrong_number(migration.number, expected.number));
      }
      if (migration.name != expected.name) return fail(Errc::conflict, wrong_name(migration, expected));
      continue;
    }
    const int oldest = migration.oldest_program.value_or(migration.number - 1);
    if (oldest > static_cast<int>(known.size())) {
      return fail(Errc::conflict, too_new(state.version(), oldest, known.size()));
    }
  }
  const auto pending = known.subspan(shared);
  state.pending.assign(pending.begin(), pending.end());
  return state;
}

}  // namespace kriya::storage
