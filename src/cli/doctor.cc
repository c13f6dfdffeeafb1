// kriya doctor: the production checklist, held against the present configuration.
#include "config/doctor.h"

#include <cstdio>

#include "cli/commands.h"
#include "config/environment.h"
#include "config/generated_secrets.h"
#include "config/load.h"

namespace kriya::cli {
namespace {

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
  return config::examine(*settings, config::look_around(*settings));
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
