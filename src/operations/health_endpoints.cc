#include "operations/health_endpoints.h"

namespace kriya::operations {
namespace {

using http::Caller;
using http::Endpoint;
using http::Method;
using http::NoBody;

constexpr const char* kTag = "Operations";

// Which version the schema is at, and the oldest program that all migrations after $1 leave working
// (storage/migrations.h).
constexpr storage::Statement kSchemaVersion{
    storage::Use::lookup,
    "SELECT CAST(max(version) AS bigint), "
    "CAST(max(CASE WHEN version > $1 THEN coalesce(oldest_program, version - 1) END) AS bigint) "
    "FROM schema_migrations"};

Task<Result<HealthAnswer>> live(std::string version) { co_return HealthAnswer{"ok", std::move(version), {}}; }

Task<Result<HealthAnswer>> ready(storage::Database& database, int schema_version, std::string version,
                                 Deadline deadline) {
  const auto rows = co_await database.run(kSchemaVersion, {std::int64_t{schema_version}}, deadline);
  if (!rows) co_return fail(Errc::unavailable, "The database does not answer.");
  const auto found = rows->get<std::optional<std::int64_t>>(0, 0).value_or(0);
  const auto oldest_program = rows->get<std::optional<std::int64_t>>(0, 1).value_or(0);
  if (found < schema_version || oldest_program > schema_version) {
    co_return fail(Errc::unavailable, "The database schema is at version " + std::to_string(found) +
                                          ", which this kriya of version " + std::to_string(schema_version) +
                                          " cannot use.");
  }
  co_return HealthAnswer{"ok", std::move(version), {{"database", "ok"}, {"migrations", "ok"}}};
}

}  // namespace

void add_health_endpoints(http::Router& router, storage::Database& database, int schema_version, std::string version) {
  router.add(Method::get, "/health/live",
             Endpoint<NoBody, HealthAnswer>{
                 .summary = "The process answers",
                 .tag = kTag,
                 .example_answer = HealthAnswer{"ok", version, {}},
                 .handle = [version](const NoBody&, const Caller&) { return live(version); },
             });
  for (const char* path : {"/health", "/health/ready"}) {
    router.add(Method::get, path,
               Endpoint<NoBody, HealthAnswer>{
                   .summary = "The database answers and its migrations are current",
                   .tag = kTag,
                   .errors = {Errc::unavailable},
                   .example_answer = HealthAnswer{"ok", version, {{"database", "ok"}, {"migrations", "ok"}}},
                   .handle =
                       [&database, schema_version, version](const NoBody&, const Caller& caller) {
                         return ready(database, schema_version, version, caller.deadline);
                       },
               });
  }
}

}  // namespace kriya::operations
