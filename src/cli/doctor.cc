// kriya doctor: the production checklist, held against the present configuration.
#include "config/doctor.h"

#include <cstdio>
#include <filesystem>

#include "app/store.h"
#include "cli/commands.h"
#include "cli/local_store.h"
#include "config/environment.h"
#include "config/generated_secrets.h"
#include "config/load.h"
#include "operations/instances.h"

namespace kriya::cli {
namespace {

/// Asks a database that is there and up to date who runs on it. Looking makes nothing.
void look_at_database(const config::Settings& settings, config::Surroundings& surroundings) {
  const bool sqlite = settings.database.engine == config::DatabaseUrl::Engine::sqlite;
  if (sqlite && !std::filesystem::exists(settings.database.path)) return;
  const auto state = app::schema_state(settings);
  if (!state) {
    surroundings.database_problem = state.error().detail;
    return;
  }
  if (!state->pending.empty()) return;
  const telemetry::Log log({.level = telemetry::Level::error, .file = {}});
  telemetry::Metrics metrics;
  WorkerPool workers(1, 16);
  const auto database = app::open_database(settings, nullptr, log, metrics, workers);
  if (!database) return;
  const auto running =
      run_to_completion(operations::Instances(**database).running(SystemClock{}.now(), command_deadline()));
  if (!running) return;
  surroundings.instances = static_cast<unsigned>(running->size());
  surroundings.limits_counted_apart = operations::limits_counted_apart(*running);
}

std::vector<config::Check> diagnose() {
  const auto given = config::read_environment();
  if (!given) return config::as_checks(given.error());
  for (const std::string& warning : given->warnings) std::fprintf(stderr, "kriya: warning: %s\n", warning.c_str());
  auto settings = config::load(given->values);
  if (!settings) return config::as_checks(settings.error());
  // What development has generated counts, but looking must not make it.
  if (config::secrets_are_there(*settings)) {
    if (const auto filled = config::fill_missing_secrets(*settings); !filled)
      return config::as_checks({filled.error()});
  }
  config::Surroundings surroundings = config::look_around(*settings);
  look_at_database(*settings, surroundings);
  return config::examine(*settings, surroundings);
}

}  // namespace

void add_doctor(CLI::App& app, int& exit_code) {
  app.add_subcommand("doctor", "Check the present configuration; exit code 1 if it is unsafe for its environment")
      ->callback([&exit_code] {
        const auto checks = diagnose();
        std::fputs(config::render(checks).c_str(), stdout);
        exit_code = config::any_unsafe(checks) ? 1 : 0;
      });
}

}  // namespace kriya::cli
