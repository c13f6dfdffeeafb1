// POST /auth/token.
#pragma once

#include "http/router.h"
#include "oauth/client_credentials.h"

namespace kriya::oauth {

/// `credentials` must outlive the router.
void add_token_endpoint(http::Router& router, ClientCredentials& credentials);

}  // namespace kriya::oauth
