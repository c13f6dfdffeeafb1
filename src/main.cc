// kriya: phone sign-in, tokens that other services can check, and what stands on them. One binary, many sub-commands.
#include <cstdio>
#include <exception>

#include <CLI/CLI.hpp>

#include "cli/commands.h"

int main(int argc, char** argv) {
  CLI::App app{"Kriya signs people in by phone number and tells other services who a token belongs to."};
  app.name("kriya");
  app.require_subcommand(1);
  app.footer("Configuration comes from the environment, then .env: see kriya serve --help.");
  int exit_code = 0;
  kriya::cli::add_serve(app, exit_code);
  kriya::cli::add_migrate(app, exit_code);
  kriya::cli::add_doctor(app, exit_code);
  kriya::cli::add_user(app, exit_code);
  kriya::cli::add_client(app, exit_code);
  kriya::cli::add_sms(app, exit_code);
  kriya::cli::add_phone(app, exit_code);
  kriya::cli::add_token(app, exit_code);
  kriya::cli::add_audit(app, exit_code);
  kriya::cli::add_keys(app, exit_code);
  kriya::cli::add_export(app, exit_code);
  kriya::cli::add_import(app, exit_code);
  kriya::cli::add_agent(app, exit_code);
  kriya::cli::add_secret(app, exit_code);
  kriya::cli::add_version(app, exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "kriya: %s\n", error.what());
    return 1;
  }
  return exit_code;
}
