// The rows of sessions and of the refresh tokens that prolong them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "identity/session.h"
#include "identity/user.h"
#include "storage/database.h"

namespace kriya::identity {

/// A session and whose it is, read at one moment.
struct HeldSession {
  Session session;
  User user;
};

/// A refresh token and what it belongs to, read at one moment.
struct HeldRefreshToken {
  RefreshToken token;
  Session session;
  User user;
};

/// What one use of a refresh token changes.
struct Rotation {
  std::string spent;         // hash of the token that is used
  RefreshToken child;        // its successor
  TokenRecord access_token;  // recorded in any case
  Timestamp now;
  Timestamp session_expires_at;
};

/// Stateless; safe to use from any I/O thread. Errors of every call: those of Database.
class SessionStore {
 public:
  explicit SessionStore(storage::Database& database) : database_(database) {}

  /// Stores a sign-in of a user who exists; of one who is gone nothing is stored.
  Task<Result<void>> begin(SignIn sign_in, Deadline deadline);

  Task<Result<std::optional<HeldSession>>> find(std::string id, Deadline deadline);
  Task<Result<std::optional<HeldRefreshToken>>> find_refresh_token(std::string hash, Deadline deadline);

  /// Spends a refresh token and stores its successor. False when it was spent already: then only the access token was
  /// recorded.
  Task<Result<bool>> rotate(Rotation rotation, Deadline deadline);

  /// Ends a session of this user. False when there is none that was not ended.
  Task<Result<bool>> end(std::string id, Uuid user_id, Timestamp now, Deadline deadline);

  /// Ends a session, whosever it is. False when there is none that was not ended.
  Task<Result<bool>> sign_out(std::string id, Timestamp now, Deadline deadline);

  /// Notes that a session was seen at `now`, and lets it last until `expires_at`. One that was ended stays so.
  Task<Result<void>> prolong(std::string id, Timestamp now, Timestamp expires_at, Deadline deadline);

  /// Ends the session of a refresh token that was used again, and writes that down as a security event, once.
  Task<Result<void>> end_for_reuse(Session session, std::string client_address, Uuid event_id, Timestamp now,
                                   Deadline deadline);

  /// Notes that the session's person held the phone at `now`. False when there is no such session, or it was ended.
  Task<Result<bool>> prove(std::string id, Uuid user_id, Timestamp now, Deadline deadline);

  /// Every session of a user that is still kept, oldest first.
  Task<Result<std::vector<Session>>> of_user(Uuid user_id, Deadline deadline);

  /// Removes sessions that expired before `before`, at most `limit`; returns how many. Only then has every token of
  /// theirs expired; an ended one whose row went sooner would look like one of a program that knows no sessions.
  Task<Result<std::int64_t>> sweep(Timestamp before, std::int64_t limit, Deadline deadline);

 private:
  storage::Database& database_;
};

}  // namespace kriya::identity
