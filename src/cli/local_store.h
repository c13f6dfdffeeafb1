// The server's own store, opened for one sub-command.
#pragma once

#include <memory>
#include <optional>

#include "app/store.h"
#include "base/error.h"
#include "cli/configuration.h"
#include "identity/account_store.h"
#include "identity/key_ring.h"
#include "identity/session_store.h"
#include "identity/user_token.h"
#include "runtime/task.h"

namespace kriya::cli {

/// May be used while the server runs: both see each other's commits at once.
class LocalStore {
 public:
  /// Nothing, after a line on standard error, when the configuration or the database cannot be used or the schema is
  /// not current.
  static std::unique_ptr<LocalStore> open();

  const config::Settings& settings() const { return configuration_.settings; }

  /// May exceed this program's, when a newer one has migrated.
  int schema_version() const { return schema_version_; }

  storage::Database& database() { return *database_; }
  identity::AccountStore& accounts() { return *accounts_; }
  identity::SessionStore& sessions() { return *sessions_; }

  /// Runs the task to its end; its error goes to standard error. Returns the exit code.
  static int run(Task<Result<void>> task);

 private:
  explicit LocalStore(Configuration configuration);

  Configuration configuration_;
  int schema_version_ = 0;
  telemetry::Log log_;
  telemetry::Metrics metrics_;
  WorkerPool workers_;
  std::unique_ptr<storage::Database> database_;
  std::optional<identity::AccountStore> accounts_;
  std::optional<identity::SessionStore> sessions_;
};

/// How long an operator's command waits for the database.
inline Deadline command_deadline() { return Deadline::after(std::chrono::seconds(30)); }

}  // namespace kriya::cli
