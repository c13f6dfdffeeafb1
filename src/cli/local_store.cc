#include "cli/local_store.h"

#include "cli/complaint.h"
#include "runtime/io_threads.h"

namespace kriya::cli {

LocalStore::LocalStore(Configuration configuration)
    : configuration_(std::move(configuration)),
      log_({.level = telemetry::Level::warning, .file = {}}),
      workers_(1, 16) {}

std::unique_ptr<LocalStore> LocalStore::open() {
  auto configuration = load_configuration();
  if (!configuration) return nullptr;
  std::unique_ptr<LocalStore> store(new LocalStore(*std::move(configuration)));
  const auto state = app::schema_state(store->settings());
  if (!state) return report(state.error()), nullptr;
  if (!state->pending.empty()) {
    return report("The database's schema is not current: run kriya migrate, or start the server once."), nullptr;
  }
  store->schema_version_ = state->version();
  auto database = app::open_database(store->settings(), nullptr, store->log_, store->metrics_, store->workers_);
  if (!database) return report(database.error()), nullptr;
  store->database_ = *std::move(database);
  store->accounts_.emplace(*store->database_);
  store->sessions_.emplace(*store->database_);
  return store;
}

int LocalStore::run(Task<Result<void>> task) {
  const auto outcome = run_to_completion(std::move(task));
  return outcome ? 0 : report(outcome.error());
}

}  // namespace kriya::cli
