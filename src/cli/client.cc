// kriya client: programs that get tokens by themselves.
#include <algorithm>
#include <cstdio>
#include <iostream>

#include "cli/commands.h"
#include "cli/local_store.h"
#include "cli/scopes.h"
#include "oauth/client_store.h"
#include "schema/described.h"

namespace kriya::cli {
namespace {

using oauth::Client;
using oauth::ClientStore;

/// What is shown of a client: never its secret, nor the hash.
struct ShownClient {
  std::string client_id;
  std::string name;
  std::string scope;
  Timestamp created_at;
  std::optional<Timestamp> rotated_at;
};
BOOST_DESCRIBE_STRUCT(ShownClient, (), (client_id, name, scope, created_at, rotated_at))

/// The words of all arguments, each once and known; several words may share an argument.
Result<std::string> checked_scope(const std::vector<std::string>& given) {
  std::string all;
  for (const std::string& one : given) all += one + " ";
  std::string scope;
  for (const std::string& word : oauth::words_of(all)) {
    if (std::ranges::find(access::kScopes, word) == access::kScopes.end()) return fail(no_such_scope(word));
    scope += (scope.empty() ? "" : " ") + word;
  }
  return scope;
}

void show_secret(const std::string& id, const Secret& secret) {
  std::printf("client_id      %s\nclient_secret  %s\n", id.c_str(), std::string(secret.reveal()).c_str());
  std::fputs("The secret is not stored and not shown again.\n", stderr);
}

tl::unexpected<Error> no_such_client(const std::string& id) {
  return fail(Errc::not_found, "There is no client " + id + ".");
}

Task<Result<void>> create(LocalStore& store, std::string given_name, std::vector<std::string> given_scope) {
  const auto name = oauth::parse_client_name(given_name);
  if (!name) co_return fail(Errc::invalid_fields, "The name " + name.error() + ".");
  const auto scope = checked_scope(given_scope);
  if (!scope) co_return fail(scope.error());
  const Secret secret = oauth::new_client_secret();
  const Client client{.id = oauth::new_client_id(),
                      .name = *name,
                      .secret_hash = oauth::hash_of_secret(secret.reveal()),
                      .scope = *scope,
                      .created_at = SystemClock{}.now()};
  const auto created = co_await ClientStore(store.database()).create(client, command_deadline());
  if (!created) co_return fail(created.error());
  show_secret(client.id, secret);
  co_return Result<void>();
}

Task<Result<void>> list_clients(LocalStore& store, bool as_json) {
  const auto clients = co_await ClientStore(store.database()).list(command_deadline());
  if (!clients) co_return fail(clients.error());
  for (const Client& client : *clients) {
    if (as_json) {
      const ShownClient shown{client.id, client.name, client.scope, client.created_at, client.rotated_at};
      std::cout << schema::write(shown) << '\n';
    } else {
      std::printf("%s  %s  %s  [%s]\n", client.id.c_str(), to_rfc3339(client.created_at).substr(0, 10).c_str(),
                  client.name.c_str(), client.scope.c_str());
    }
  }
  co_return Result<void>();
}

Task<Result<void>> rotate(LocalStore& store, std::string id) {
  const Secret secret = oauth::new_client_secret();
  const auto rotated = co_await ClientStore(store.database())
                           .rotate(id, oauth::hash_of_secret(secret.reveal()), SystemClock{}.now(), command_deadline());
  if (!rotated) co_return fail(rotated.error());
  if (!*rotated) co_return no_such_client(id);
  show_secret(id, secret);
  co_return Result<void>();
}

Task<Result<void>> remove(LocalStore& store, std::string id) {
  const auto removed = co_await ClientStore(store.database()).remove(id, command_deadline());
  if (!removed) co_return fail(removed.error());
  if (!*removed) co_return no_such_client(id);
  std::printf("Deleted %s; its tokens are refused from now on.\n", id.c_str());
  co_return Result<void>();
}

void add_list(CLI::App& client, int& exit_code) {
  CLI::App* command = client.add_subcommand("list", "All clients, oldest first; never their secrets");
  const auto as_json = std::make_shared<bool>(false);
  command->add_flag("--json", *as_json, "One JSON object a line");
  command->callback([as_json, &exit_code] {
    const auto store = LocalStore::open();
    exit_code = store ? LocalStore::run(list_clients(*store, *as_json)) : 1;
  });
}

/// Adds a sub-command about one client.
void add_action(CLI::App& client, const char* name, const char* description, int& exit_code,
                Task<Result<void>> (*action)(LocalStore&, std::string)) {
  CLI::App* command = client.add_subcommand(name, description);
  const auto id = std::make_shared<std::string>();
  command->add_option("client_id", *id, "As list shows it")->required();
  command->callback([id, action, &exit_code] {
    const auto store = LocalStore::open();
    exit_code = store ? LocalStore::run(action(*store, *id)) : 1;
  });
}

}  // namespace

void add_client(CLI::App& app, int& exit_code) {
  CLI::App* client = app.add_subcommand("client", "Register programs that get tokens by themselves (POST /auth/token)");
  client->require_subcommand(1);

  CLI::App* create_command = client->add_subcommand("create", "Register a program; shows its secret, this once");
  const auto name = std::make_shared<std::string>();
  const auto scope = std::make_shared<std::vector<std::string>>();
  create_command->add_option("--name", *name, "What people call it")->required();
  create_command->add_option("--scope", *scope, "What its tokens may do, e.g. \"messages:send tool-calls:read\"");
  create_command->callback([name, scope, &exit_code] {
    const auto store = LocalStore::open();
    exit_code = store ? LocalStore::run(create(*store, *name, *scope)) : 1;
  });
  add_list(*client, exit_code);
  add_action(*client, "rotate", "Give a client another secret; the one before and all its tokens are dead at once",
             exit_code, rotate);
  add_action(*client, "delete", "Delete a client; its secret and all its tokens are dead at once", exit_code, remove);
}

}  // namespace kriya::cli
