// The phone sign-in API.
#pragma once

#include "access/api_key.h"
#include "http/router.h"
#include "identity/key_ring.h"
#include "identity/registration.h"
#include "identity/token_refresh.h"
#include "identity/token_validation.h"

namespace kriya::identity {

struct AuthAccess {
  http::AccessRule registrar;        // who may register a number at once
  http::AccessRule token_validator;  // who may ask about tokens
};

/// Registering, verifying, refreshing, validating, logging out. The services must outlive the router.
void add_auth_endpoints(http::Router& router, AuthAccess rules, Registration& registration, TokenRefresh& refresh,
                        TokenValidation& validation);

/// GET /.well-known/jwks.json
void add_jwks_endpoint(http::Router& router, const KeyRing& keys);

}  // namespace kriya::identity
