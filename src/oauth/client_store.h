// The rows of registered programs.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "oauth/client.h"
#include "storage/database.h"

namespace kriya::oauth {

/// Stateless; safe to use from any I/O thread. Errors of every call: those of Database.
class ClientStore {
 public:
  explicit ClientStore(storage::Database& database) : database_(database) {}

  /// Stores a new client. Errors: conflict, when the id is taken.
  Task<Result<void>> create(Client client, Deadline deadline);

  Task<Result<std::optional<Client>>> find(std::string id, Deadline deadline);

  /// All of them, oldest first: an operator registers a handful.
  Task<Result<std::vector<Client>>> list(Deadline deadline);

  /// Gives the client another secret and raises its version: the secret before and every token of it are dead when this
  /// returns. False when there is no such client.
  Task<Result<bool>> rotate(std::string id, std::string secret_hash, Timestamp now, Deadline deadline);

  /// Removes the client: its secret and every token of it are dead when this returns. False when there is none.
  Task<Result<bool>> remove(std::string id, Deadline deadline);

 private:
  storage::Database& database_;
};

}  // namespace kriya::oauth
