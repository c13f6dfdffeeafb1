// The rows of people and of the tokens that they were given.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "identity/session.h"
#include "identity/user.h"
#include "storage/database.h"

namespace kriya::identity {

/// Stateless; safe to use from any I/O thread. Errors of every call: those of Database.
class AccountStore {
 public:
  explicit AccountStore(storage::Database& database) : database_(database) {}

  Task<Result<std::optional<User>>> find_by_id(Uuid id, Deadline deadline);
  Task<Result<std::optional<User>>> find_by_phone(std::string phone_number, Deadline deadline);

  /// Stores a new user and the user's first sign-in together. False when the number belongs to somebody already: then
  /// nothing was written.
  Task<Result<bool>> create(User user, SignIn first, Deadline deadline);

  Task<Result<void>> record_token(TokenRecord token, Deadline deadline);

  /// Revokes every token of the user that was issued under `version`, and with them their sessions and refresh tokens,
  /// in one transaction. False when the version has moved on already, or the user is gone: such tokens are dead.
  Task<Result<bool>> raise_token_version(Uuid id, std::int64_t version, Timestamp now, Deadline deadline);

  /// Gives the user another number, revokes as `raise_token_version` does, and stores the one sign-in that goes on,
  /// whose session is of the version after `user`'s. False when the user's version has moved on. Errors: conflict, when
  /// the number belongs to somebody else. Nothing has changed then.
  Task<Result<bool>> change_phone(User user, std::string phone_number, SignIn next, Timestamp now, Deadline deadline);

  /// Removes audit lines whose token expired before `before`, at most `limit`; returns how many.
  Task<Result<std::int64_t>> sweep_tokens(Timestamp before, std::int64_t limit, Deadline deadline);

  Task<Result<std::vector<TokenRecord>>> tokens_of(Uuid id, Deadline deadline);

  /// Deletes the user with sessions and audit lines, and runs what else belongs to it in the same transaction; records
  /// of messages and events stay, and are nobody's. False when there is no such user.
  Task<Result<bool>> remove(Uuid id, Deadline deadline, std::vector<storage::BoundStatement> also = {});

  // For operators.

  /// Users in the order of their ids (which is that of their creation) after `after`, at most `limit`.
  Task<Result<std::vector<User>>> list(std::optional<Uuid> after, std::int64_t limit, Deadline deadline);

  /// Revokes whatever the version is. False when there is no such user.
  Task<Result<bool>> revoke(Uuid id, Timestamp now, Deadline deadline);

  /// Sets what the user may do besides the ordinary; none: nothing. False when there is no such user.
  Task<Result<bool>> set_scope(Uuid id, std::optional<std::string> scope, Timestamp now, Deadline deadline);

 private:
  storage::Database& database_;
};

}  // namespace kriya::identity
