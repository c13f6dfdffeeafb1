// Two-factor codes for other applications: /api/phone/verification.
#pragma once

#include "http/endpoint.h"
#include "http/router.h"
#include "verification/verification.h"

namespace kriya::verification {

/// `access`: who may have numbers proven. What one caller opened only the same caller can answer. The verification must
/// outlive the router.
void add_verification_endpoints(http::Router& router, http::AccessRule access, Verification& verification);

}  // namespace kriya::verification
