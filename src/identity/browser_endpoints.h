// The browser's session over HTTP.
#pragma once

#include "http/router.h"
#include "identity/browser_sign_in.h"

namespace kriya::identity {

/// GET /api/status, POST and DELETE /api/session. `browsers` must outlive the router.
void add_browser_endpoints(http::Router& router, BrowserSignIn& browsers);

}  // namespace kriya::identity
