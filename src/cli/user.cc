// kriya user: what an operator does with accounts.
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <sstream>

#include <unistd.h>

#include "app/conversations_of_users.h"
#include "cli/commands.h"
#include "cli/local_store.h"
#include "cli/pretty_json.h"
#include "cli/scopes.h"
#include "identity/account_data.h"
#include "messaging/message_store.h"
#include "schema/described.h"

namespace kriya::cli {
namespace {

using identity::User;

json::object to_json(const User& user) { return parse_json(schema::write(identity::to_export(user)))->as_object(); }

/// Finds by id or phone number. Errors: not_found; invalid_fields when the text is neither.
Task<Result<User>> find(LocalStore& store, std::string who) {
  Result<std::optional<User>> found;
  if (const auto id = Uuid::parse(who)) {
    found = co_await store.accounts().find_by_id(*id, command_deadline());
  } else if (const auto phone = PhoneNumber::parse(who)) {
    found = co_await store.accounts().find_by_phone(phone->str(), command_deadline());
  } else {
    co_return fail(Errc::invalid_fields, "'" + who + "' is neither a user id nor a phone number like +14155550123.");
  }
  if (!found) co_return fail(found.error());
  if (!*found) co_return fail(Errc::not_found, "There is no user " + who + ".");
  co_return **found;
}

Task<Result<void>> list_users(LocalStore& store, bool as_json) {
  constexpr std::int64_t kPage = 500;
  std::optional<Uuid> after;
  for (;;) {
    const auto users = co_await store.accounts().list(after, kPage, command_deadline());
    if (!users) co_return fail(users.error());
    for (const User& user : *users) {
      const std::string name = user.first_name + (user.last_name ? " " + *user.last_name : "");
      if (as_json) {
        std::cout << to_json(user) << '\n';
      } else {
        std::printf("%s  %-16s  %s  %s\n", user.id.str().c_str(), user.phone_number.c_str(),
                    to_rfc3339(user.created_at).substr(0, 10).c_str(), name.c_str());
      }
    }
    if (static_cast<std::int64_t>(users->size()) < kPage) co_return Result<void>();
    after = users->back().id;
  }
}

Task<Result<void>> show(LocalStore& store, std::string who) {
  const auto user = co_await find(store, std::move(who));
  if (!user) co_return fail(user.error());
  std::puts(pretty_json(to_json(*user)).c_str());
  co_return Result<void>();
}

Task<Result<void>> revoke(LocalStore& store, std::string who) {
  const auto user = co_await find(store, std::move(who));
  if (!user) co_return fail(user.error());
  const auto revoked = co_await store.accounts().revoke(user->id, SystemClock{}.now(), command_deadline());
  if (!revoked) co_return fail(revoked.error());
  std::printf("Every token that %s was given is revoked.\n", user->phone_number.c_str());
  co_return Result<void>();
}

bool confirmed(const User& user) {
  if (::isatty(STDIN_FILENO) == 0) return false;
  std::printf("Delete %s (%s) for good? Type yes: ", user.phone_number.c_str(), user.first_name.c_str());
  std::fflush(stdout);
  std::string answer;
  return std::getline(std::cin, answer) && answer == "yes";
}

Task<Result<void>> remove(LocalStore& store, std::string who, bool without_asking) {
  const auto user = co_await find(store, std::move(who));
  if (!user) co_return fail(user.error());
  if (!without_asking && !confirmed(*user)) co_return fail(Errc::conflict, "Nothing was deleted; confirm with --yes.");
  app::ConversationsOfUsers conversations(store.database());
  const auto removed = co_await store.accounts().remove(user->id, command_deadline(), conversations.forget(user->id));
  if (!removed) co_return fail(removed.error());
  std::printf("Deleted %s with sessions and tokens; records of messages stay, without a name.\n",
              user->phone_number.c_str());
  co_return Result<void>();
}

Task<Result<void>> export_all(LocalStore& store, std::string who) {
  const auto user = co_await find(store, std::move(who));
  if (!user) co_return fail(user.error());
  messaging::MessageStore messages(store.database());
  app::ConversationsOfUsers conversations(store.database());
  const auto all = co_await identity::collect_account(store.accounts(), store.sessions(), messages, &conversations,
                                                      *user, command_deadline());
  if (!all) co_return fail(all.error());
  std::puts(pretty_json(*parse_json(schema::write(*all))).c_str());
  co_return Result<void>();
}

/// Adds words to a user's scope, or takes them away.
Task<Result<void>> change_scope(LocalStore& store, std::string who, std::vector<std::string> words, bool grant) {
  const auto user = co_await find(store, std::move(who));
  if (!user) co_return fail(user.error());
  std::vector<std::string> left;
  for (std::istringstream held(user->scope.value_or("")); held;) {
    std::string word;
    if (held >> word && (grant || !std::ranges::count(words, word))) left.push_back(word);
  }
  for (const std::string& word : words) {
    if (grant && !std::ranges::count(access::kScopes, word)) co_return fail(no_such_scope(word));
    if (grant && !std::ranges::count(left, word)) left.push_back(word);
  }
  std::string scope;
  for (const std::string& word : left) scope += (scope.empty() ? "" : " ") + word;
  const auto set = co_await store.accounts().set_scope(user->id, scope.empty() ? std::nullopt : std::optional(scope),
                                                       SystemClock{}.now(), command_deadline());
  if (!set) co_return fail(set.error());
  std::printf("%s may now do: %s\n", user->phone_number.c_str(), scope.empty() ? "nothing special" : scope.c_str());
  co_return Result<void>();
}

/// Adds a sub-command about one user.
template <class Action>
CLI::App* add_action(CLI::App& user, const char* name, const char* description, int& exit_code, Action action) {
  CLI::App* command = user.add_subcommand(name, description);
  const auto who = std::make_shared<std::string>();
  command->add_option("user", *who, "User id or phone number")->required();
  command->callback([who, action, &exit_code] {
    const auto store = LocalStore::open();
    exit_code = store ? LocalStore::run(action(*store, *who)) : 1;
  });
  return command;
}

}  // namespace

void add_user(CLI::App& app, int& exit_code) {
  CLI::App* user = app.add_subcommand("user", "List, show, revoke, grant, delete or export users");
  user->require_subcommand(1);

  CLI::App* list_command = user->add_subcommand("list", "All users, oldest first");
  const auto as_json = std::make_shared<bool>(false);
  list_command->add_flag("--json", *as_json, "One JSON object a line");
  list_command->callback([as_json, &exit_code] {
    const auto store = LocalStore::open();
    exit_code = store ? LocalStore::run(list_users(*store, *as_json)) : 1;
  });

  add_action(*user, "show", "One user, as JSON", exit_code, show);
  add_action(*user, "revoke", "Revoke every token of a user, at once, on every instance", exit_code, revoke);
  add_action(*user, "export", "All that is stored about a user, as JSON", exit_code, export_all);
  for (const bool grant : {true, false}) {
    const auto words = std::make_shared<std::vector<std::string>>();
    add_action(*user, grant ? "grant" : "ungrant",
               grant ? "Let a user do more, e.g. messages:send" : "Take such a right away, at once", exit_code,
               [words, grant](LocalStore& store, std::string who) {
                 return change_scope(store, std::move(who), *words, grant);
               })
        ->add_option("scope", *words, "One or more scopes")
        ->required();
  }
  const auto without_asking = std::make_shared<bool>(false);
  add_action(
      *user, "delete", "Delete a user and all that is stored about the user", exit_code,
      [without_asking](LocalStore& store, std::string who) { return remove(store, std::move(who), *without_asking); })
      ->add_flag("--yes", *without_asking, "Do not ask");
}

}  // namespace kriya::cli
