// What all tokens of ours have in common, whatever their use: how their claims are verified and read.
#pragma once

#include <chrono>
#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "base/time.h"
#include "identity/key_ring.h"

namespace kriya::identity {

constexpr std::string_view kIssuer = "kriya-auth";

/// The claims of a token with a good signature by one of `keys`, of our issuer, that is not expired at `now` give or
/// take `skew`. Audience, use, and whether it was revoked are left to say. Errors: invalid_token.
Result<json::object> verify_claims(std::string_view jwt, const KeyRing& keys, Timestamp now, std::chrono::seconds skew);

/// A claim that is a text; null when it is absent or something else. It lives as long as the claims.
const json::string* text_claim(const json::object& claims, std::string_view name);

/// Whether `aud` names the audience, alone or in a list (RFC 7519 section 4.1.3).
bool is_for(const json::object& claims, std::string_view audience);

/// The one word on every bad token: which check it failed is nobody's business.
tl::unexpected<Error> refused_token();

}  // namespace kriya::identity
