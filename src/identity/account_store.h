// The rows of people and of the tokens that they were given.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "identity/user.h"
#include "storage/database.h"

namespace kriya::identity {

/// One line of the audit trail. The token itself is never stored.
struct TokenRecord {
  Uuid id;  // the token's jti
  Uuid user_id;
  std::string token_hash;  // SHA-256, hexadecimal
  Timestamp issued_at;
  Timestamp expires_at;
  std::string client_address;
  std::string user_agent;
};

/// Stateless; safe to use from any I/O thread. Errors of every call: those of Database.
class AccountStore {
 public:
  explicit AccountStore(storage::Database& database) : database_(database) {}

  Task<Result<std::optional<User>>> find_by_id(Uuid id, Deadline deadline);
  Task<Result<std::optional<User>>> find_by_phone(std::string phone_number, Deadline deadline);

  /// Stores a new user and the user's first token together. False when the number belongs to somebody already: then
  /// nothing was written.
  Task<Result<bool>> create(User user, TokenRecord first_token, Deadline deadline);

  Task<Result<void>> record_token(TokenRecord token, Deadline deadline);

  /// Revokes every token of the user that was issued under `version`, in one statement. False when the version has
  /// moved on already, or the user is gone: such tokens are dead.
  Task<Result<bool>> raise_token_version(Uuid id, std::int64_t version, Timestamp now, Deadline deadline);

  /// Removes audit lines whose token expired before `before`, at most `limit`; returns how many.
  Task<Result<std::int64_t>> sweep_tokens(Timestamp before, std::int64_t limit, Deadline deadline);

  // For operators.

  /// Users in the order of their ids (which is that of their creation) after `after`, at most `limit`.
  Task<Result<std::vector<User>>> list(std::optional<Uuid> after, std::int64_t limit, Deadline deadline);
  Task<Result<std::vector<TokenRecord>>> tokens_of(Uuid id, Deadline deadline);

  /// Revokes whatever the version is. False when there is no such user.
  Task<Result<bool>> revoke(Uuid id, Timestamp now, Deadline deadline);

  /// Deletes the user and the user's audit lines. False when there is no such user.
  Task<Result<bool>> remove(Uuid id, Deadline deadline);

 private:
  storage::Database& database_;
};

}  // namespace kriya::identity
