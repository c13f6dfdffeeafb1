// Who holds a token now: what a context may ask without knowing users and sessions.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "access/bearer.h"
#include "base/uuid.h"
#include "http/endpoint.h"

namespace kriya::access {

struct Holder {
  Uuid user_id;
  std::string scope;  // what the user may do besides the ordinary, words apart by a space; empty: nothing
};

/// Implemented by identity::TokenValidation. Safe to use from every I/O thread.
class SessionLookup {
 public:
  virtual ~SessionLookup() = default;

  /// What a token says, by its signature and claims alone: it may have been revoked. Errors: invalid_token.
  virtual Result<http::TokenClaims> read(std::string_view token) = 0;

  /// Whose token that is, now. Errors: invalid_token, when it was revoked; those of Database.
  virtual Task<Result<Holder>> holder(http::TokenClaims claims, Deadline deadline) = 0;
};

/// The request must bear a user token, where `where` looks for it; what it says goes into `Caller::token`. No database
/// is asked: that is left to `holder`. Errors: missing_token, invalid_token. The lookup must outlive it.
http::AccessRule require_token(SessionLookup& sessions, http::AccessRule where = bearer_token());

/// As `require_token`, and its user must have the scope, e.g. "messages:send" (RFC 6749 section 3.3), now. Further
/// errors: insufficient_scope; those of Database.
http::AccessRule require_scope(SessionLookup& sessions, std::string scope);

/// All that there are.
constexpr auto kScopes = std::to_array<std::string_view>({
    "messages:send", "messages:read", "phone:lookup", "phone:verify",
    "tool-calls:read",  // of everybody: an operator's
});

/// Whether `word` is among the words of `scope`.
bool has_scope(std::string_view scope, std::string_view word);

}  // namespace kriya::access
