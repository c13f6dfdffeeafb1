// kriya version
#include "base/version.h"

#include <cstdio>

#include "cli/commands.h"

namespace kriya::cli {

void add_version(CLI::App& app, int&) {
  app.add_subcommand("version", "Print the version")->callback([] { std::printf("kriya %s\n", kVersion); });
}

}  // namespace kriya::cli
