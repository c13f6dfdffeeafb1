// What others keep about a person, and identity does not know: told and deleted with the account.
#pragma once

#include <vector>

#include "base/json.h"
#include "storage/database.h"

namespace kriya::identity {

/// Safe to use from every I/O thread.
class PersonalData {
 public:
  virtual ~PersonalData() = default;

  /// For the transaction that deletes the account.
  virtual std::vector<storage::BoundStatement> forget(Uuid user_id) = 0;

  /// All conversations with the agent, each with its messages. Errors: those of Database.
  virtual Task<Result<std::vector<json::object>>> conversations_of(Uuid user_id, Deadline deadline) = 0;
};

}  // namespace kriya::identity
