// The bodies by which a browser learns about its session.
#pragma once

#include <optional>
#include <string>

#include "identity/auth_messages.h"

namespace kriya::identity {

/// Answer to GET /api/status.
struct StatusAnswer {
  std::string status = "ok";
  std::optional<std::string> token;  // an access token, in development alone
  bool authenticated = false;        // a person signed in; in development also the demo identity
  std::string csrf_token;
};
BOOST_DESCRIBE_STRUCT(StatusAnswer, (), (status, token, authenticated, csrf_token))

/// Answer to POST /api/session. What opens the session is in the cookie, where no script can read it.
struct BrowserSignInAnswer {
  std::string status = "ok";
  bool authenticated = true;
  std::string csrf_token;
  UserBody user;
  Timestamp expires_at;  // unless the status is asked before then
};
BOOST_DESCRIBE_STRUCT(BrowserSignInAnswer, (), (status, authenticated, csrf_token, user, expires_at))

}  // namespace kriya::identity
