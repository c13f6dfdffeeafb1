// The sub-commands of `kriya`. Each adds itself to the command line and leaves its exit code behind when it was chosen.
#pragma once

// What App.hpp only declares is in the other two.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

namespace kriya::cli {

void add_serve(CLI::App& app, int& exit_code);
void add_migrate(CLI::App& app, int& exit_code);
void add_doctor(CLI::App& app, int& exit_code);
void add_user(CLI::App& app, int& exit_code);
void add_client(CLI::App& app, int& exit_code);
void add_sms(CLI::App& app, int& exit_code);
void add_phone(CLI::App& app, int& exit_code);
void add_token(CLI::App& app, int& exit_code);
void add_audit(CLI::App& app, int& exit_code);
void add_keys(CLI::App& app, int& exit_code);
void add_export(CLI::App& app, int& exit_code);
void add_import(CLI::App& app, int& exit_code);
void add_secret(CLI::App& app, int& exit_code);
void add_agent(CLI::App& app, int& exit_code);
void add_version(CLI::App& app, int& exit_code);

}  // namespace kriya::cli
