// Bearer tokens on their way in (RFC 6750).
#pragma once

#include "http/endpoint.h"

namespace kriya::access {

/// The request must carry a token in `Authorization: Bearer`, or, when there is no such header, in `?token=`, which the
/// original clients use. The token is put into `Caller::bearer`; whether it is good is for TokenValidation to say.
/// Errors: missing_token, invalid_token.
http::AccessRule bearer_or_query_token();

}  // namespace kriya::access
