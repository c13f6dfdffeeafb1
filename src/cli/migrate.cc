// kriya migrate: brings the database's schema up to this binary's.
#include <cstdio>

#include "app/store.h"
#include "cli/commands.h"
#include "cli/complaint.h"
#include "cli/configuration.h"

namespace kriya::cli {
namespace {

int show_status(const config::Settings& settings) {
  const auto state = app::schema_state(settings);
  if (!state) return report(state.error());
  for (const auto& applied : state->applied) {
    std::printf("%04d_%-24s applied %s\n", applied.number, applied.name.c_str(),
                to_rfc3339(applied.applied_at).c_str());
  }
  for (const storage::Migration& pending : state->pending) {
    std::printf("%04d_%-24s pending\n", pending.number, std::string(pending.name).c_str());
  }
  if (state->takes_over) std::printf("The table users that is there will be taken over: back the database up first.\n");
  if (const int needed = app::known_schema_version(settings); state->version() > needed) {
    std::printf("The schema is newer than this kriya (version %d), and works with it.\n", needed);
  }
  return state->pending.empty() ? 0 : 2;
}

int apply(const config::Settings& settings) {
  const auto done = app::migrate(settings);
  if (!done) return report(done.error());
  for (const storage::Migration& migration : done->applied) {
    std::printf("applied %04d_%s\n", migration.number, std::string(migration.name).c_str());
  }
  for (const std::string& note : done->notes) std::printf("%s\n", note.c_str());
  if (done->applied.empty()) std::printf("the schema is current (version %d)\n", app::known_schema_version(settings));
  return 0;
}

}  // namespace

void add_migrate(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("migrate", "Apply the schema changes that this binary brings");
  const auto status = std::make_shared<bool>(false);
  command->add_flag("--status", *status,
                    "Only list what is applied and pending; exit code 2 when something is pending");
  command->callback([status, &exit_code] {
    const auto configuration = load_configuration();
    if (!configuration) {
      exit_code = 1;
    } else {
      exit_code = *status ? show_status(configuration->settings) : apply(configuration->settings);
    }
  });
}

}  // namespace kriya::cli
