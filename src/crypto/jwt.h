// JSON Web Tokens: compact JWS only (RFC 7515, 7519), verified by the book (RFC 8725).
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "crypto/key.h"

namespace kriya::crypto {

constexpr std::size_t kMaxTokenBytes = 8192;

/// A compact JWT of `claims` (the text of a JSON object). Header: `alg`, `typ: JWT` and, for asymmetric keys, `kid`.
std::string sign_jwt(const Key& key, std::string_view claims);

/// Checks form and signature and returns the claims; what the claims mean (expiry, issuer, audience) is the caller's.
/// `keys` may hold several (rotation); each verifies its own algorithm only.
///
/// Refused, all with Errc::invalid_token: more than kMaxTokenBytes; anything but three canonical base64url parts; a
/// header or payload that is no strict JSON object; an `alg` that is not a string or belongs to none of `keys` (so
/// `none` always); a `kid` that is not a string or names none of the keys (asymmetric keys demand one that matches when
/// it is present); any `crit`; a `typ` other than JWT (any case) when present; `b64`. `jku`, `x5u`, `x5c` and `jwk` are
/// ignored: a token never brings its own key.
Result<json::object> verify_jwt(std::string_view token, std::span<const Key> keys);

/// Header and claims without any check of the signature, for `kriya token inspect` only. Errors: invalid_token.
struct UnverifiedJwt {
  json::object header;
  json::object claims;
};
Result<UnverifiedJwt> decode_without_verifying(std::string_view token);

}  // namespace kriya::crypto
