#include "cli/configuration.h"

#include <cstdio>

#include "config/environment.h"
#include "config/load.h"

namespace kriya::cli {
namespace {

void print(const config::Problems& problems) {
  std::fputs("kriya: the configuration cannot be used:\n", stderr);
  for (const config::Problem& problem : problems) std::fprintf(stderr, "  %s\n", problem.line().c_str());
}

}  // namespace

std::optional<Configuration> load_configuration() {
  const auto given = config::read_environment();
  if (!given) return print(given.error()), std::nullopt;
  for (const std::string& warning : given->warnings) std::fprintf(stderr, "kriya: warning: %s\n", warning.c_str());
  auto settings = config::load(given->values);
  if (!settings) return print(settings.error()), std::nullopt;
  auto generated = config::fill_missing_secrets(*settings);
  if (!generated) return print({generated.error()}), std::nullopt;
  for (const std::string& warning : generated->warnings) std::fprintf(stderr, "kriya: warning: %s\n", warning.c_str());
  return Configuration{*std::move(settings), *std::move(generated)};
}

}  // namespace kriya::cli
