// kriya keys: the keys that are stored sealed.
#include <cstdio>
#include <iostream>

#include <unistd.h>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/local_store.h"

namespace kriya::cli {
namespace {

Task<Result<void>> rekey(LocalStore& store, Secret old_master) {
  const auto moved = co_await identity::KeyRing::rekey(std::move(old_master), store.settings().master_key,
                                                       store.database(), command_deadline());
  if (!moved) co_return fail(moved.error());
  std::printf("%lld stored key(s) moved to the present MASTER_KEY.\n", static_cast<long long>(*moved));
  co_return Result<void>();
}

int rekey_from_standard_input() {
  if (::isatty(STDIN_FILENO) != 0) std::fputs("The old MASTER_KEY: ", stderr);
  std::string old_master;
  if (!std::getline(std::cin, old_master) || trim(old_master).empty()) {
    std::fputs("kriya: give the old MASTER_KEY on standard input; it does not belong on a command line\n", stderr);
    return 1;
  }
  const auto store = LocalStore::open();
  return store ? LocalStore::run(rekey(*store, Secret(std::string(trim(old_master))))) : 1;
}

}  // namespace

void add_keys(CLI::App& app, int& exit_code) {
  CLI::App* keys = app.add_subcommand("keys", "Care for the keys that are stored sealed");
  keys->require_subcommand(1);
  keys->add_subcommand("rekey",
                       "Move what is sealed in the database to the present MASTER_KEY; reads the old one from "
                       "standard input")
      ->callback([&exit_code] { exit_code = rekey_from_standard_input(); });
}

}  // namespace kriya::cli
