// A request for a token, read from wherever OAuth lets it stand: no I/O here.
#pragma once

#include <string>

#include "base/error.h"
#include "base/secret.h"
#include "http/message.h"

namespace kriya::oauth {

/// What POST /auth/token was asked; a member that is empty was not sent (RFC 6749 section 3.2).
struct TokenRequest {
  std::string grant_type = {};
  std::string client_id = {};
  Secret client_secret = {};
  std::string scope = {};
  bool blank = false;  // nothing was sent at all: as the clients of the original service ask
};

/// From a body (application/x-www-form-urlencoded, or JSON with the same members) and `Authorization: Basic` (RFC 6749
/// section 2.3.1). Members that are not known are ignored. The query is never read, and refused.
/// Errors: invalid_request (malformed, a member twice, two ways of proof, a query); invalid_client (an Authorization
/// that is no Basic credential); unsupported_media_type.
Result<TokenRequest> read_token_request(const http::Request& request);

}  // namespace kriya::oauth
