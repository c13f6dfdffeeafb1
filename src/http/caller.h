// What is known about whoever makes a request, once the access rules have run.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "base/uuid.h"
#include "http/connection.h"
#include "http/principal.h"
#include "runtime/deadline.h"

namespace kriya::http {

/// What a user token with a good signature says. Whether it was revoked is for the rows of its session and its user to
/// say.
struct TokenClaims {
  Uuid user_id;
  std::int64_t token_version = 0;
  std::optional<std::string> session = {};  // its sid; tokens of the original service have none
};

/// What a browser's cookie says, by its signature. Whether a person's session still lives is for its row to say.
struct BrowserSession {
  std::string sid;      // 256 random bits in base64url
  bool person = false;  // somebody signed in, and `sid` is the session's row; else a browser that nobody signed in with
  Timestamp expires_at;  // of the cookie
};

struct Caller {
  std::string address;     // the client's, after trusted proxies
  std::string user_agent;  // printable, cut to 256 bytes; empty when absent
  std::string request_id;
  Deadline deadline;      // of the whole request: hand it to every outward call
  bool loopback = false;  // a direct peer on this machine, with no proxy in between
  bool local = false;  // that, and it calls this server by a name of the machine itself, not by one that resolves to it
  bool trusted_registrar = false;
  std::string api_key_id = {};  // names the X-API-Key that was accepted, and does not tell it; empty: none was
  std::string bearer;           // a token as sent, not yet checked
  std::optional<TokenClaims> token = {};       // of the token that was checked
  std::optional<Principal> principal = {};     // where an endpoint asks for one
  std::optional<BrowserSession> browser = {};  // where an endpoint takes the cookie
  std::string accept_language = {};            // as sent
  Connection* connection = nullptr;            // never null in a request that came by a server

  /// What stood in the places of the route's path, e.g. {"id", "…"}; the names live as long as the route.
  std::vector<std::pair<std::string_view, std::string>> path_parameters = {};
};

}  // namespace kriya::http
