// The configuration as a sub-command gets it: loaded, completed, or explained to the person at the terminal.
#pragma once

#include <optional>

#include "config/generated_secrets.h"
#include "config/settings.h"

namespace kriya::cli {

struct Configuration {
  config::Settings settings;
  config::GeneratedSecrets generated;
};

/// Reads the environment and `.env`, and fills in what development generates. Prints every problem to standard error,
/// one line each, and returns nothing when there is one.
std::optional<Configuration> load_configuration();

}  // namespace kriya::cli
