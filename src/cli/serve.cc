// kriya serve: the server.
#include <cstdio>
#include <filesystem>
#include <string>

#include "app/application.h"
#include "base/version.h"
#include "cli/commands.h"
#include "cli/complaint.h"
#include "cli/configuration.h"
#include "config/doctor.h"
#include "config/reference.h"

namespace kriya::cli {
namespace {

/// Tells a newcomer where to go next.
void print_welcome(const app::Application& application, const Configuration& configuration) {
  const config::Settings& settings = configuration.settings;
  const std::string url = application.public_url();
  const auto absolute = [](const std::filesystem::path& path) {
    return std::filesystem::absolute(path).lexically_normal().string();
  };
  std::printf("Kriya %s is ready at %s\n", kVersion, url.c_str());
  std::printf("  Listening  %s\n", application.listen_address().c_str());
  if (!settings.in_production()) {
    std::printf("  API page   %s/docs\n", url.c_str());
    const bool sqlite = settings.database.engine == config::DatabaseUrl::Engine::sqlite;
    std::printf("  Data       %s\n", sqlite ? absolute(settings.database.path).c_str() : "PostgreSQL (DATABASE_URL)");
    if (const auto& key_file = configuration.generated.plane_api_key_file; !key_file.empty()) {
      std::printf("  API key    %s  (X-API-Key for /api/auth/validate-token)\n", absolute(key_file).c_str());
    }
    if (settings.phone_verification == config::PhoneVerification::required &&
        settings.sms_provider == config::SmsProvider::console) {
      std::printf("  Codes      are printed here, as SMS to +<number>: <text>\n");
    }
  }
  std::fflush(stdout);
}

int serve() {
  const auto configuration = load_configuration();
  if (!configuration) return 1;
  const config::Settings& settings = configuration->settings;
  const config::Surroundings surroundings = config::look_around(settings);
  const auto checks = config::examine(settings, surroundings);
  if (config::any_unsafe(checks)) {
    std::fputs("kriya: not safe for production, so not started:\n", stderr);
    for (const config::Check& check : checks) {
      if (check.verdict == config::Verdict::unsafe) {
        std::fprintf(stderr, "  %s: %s\n", check.title.c_str(), check.remedy.c_str());
      }
    }
    return 1;
  }
  if (config::test_numbers_are_over(settings, surroundings)) {
    std::fprintf(stderr, "kriya: warning: TEST_PHONE_NUMBERS_UNTIL was %s: its numbers are like others now\n",
                 settings.test_numbers_until.c_str());
  }
  auto application = app::Application::build(settings);
  if (!application) return report(application.error());
  return (*application)->run([&] { print_welcome(**application, *configuration); });
}

}  // namespace

void add_serve(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("serve", "Run the server until SIGTERM; SIGHUP reopens LOG_FILE");
  command->footer(config::help_text());
  command->callback([&exit_code] { exit_code = serve(); });
}

}  // namespace kriya::cli
