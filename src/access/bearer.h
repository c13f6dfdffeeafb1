// Bearer tokens on their way in (RFC 6750).
#pragma once

#include "http/endpoint.h"

namespace kriya::access {

/// The request must carry a token in `Authorization: Bearer`, which is put into `Caller::bearer`; whether it is good is
/// for SessionLookup to say. Errors: missing_token, invalid_token.
http::AccessRule bearer_token();

/// The request must carry a token in `Authorization: Bearer`, or, when there is no such header, in `?token=`, which the
/// original clients use. The token is put into `Caller::bearer`; whether it is good is for SessionLookup to say.
/// Errors: missing_token, invalid_token.
http::AccessRule bearer_or_query_token();

/// A token in `Authorization: Bearer` is put into `Caller::bearer`; a request without one, or with another scheme, goes
/// on all the same. For endpoints that are open to all and treat a known device better. Errors: none.
http::AccessRule optional_bearer();

}  // namespace kriya::access
