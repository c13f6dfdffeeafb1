// Key material to and from JSON Web Keys (RFC 7517, RFC 7518 section 6, RFC 8037); other folders use key.h.
#pragma once

#include <string>

#include "base/error.h"
#include "base/json.h"
#include "base/secret.h"
#include "crypto/algorithm.h"
#include "crypto/openssl.h"

namespace kriya::crypto {

/// Smaller moduli are forbidden (RFC 7518 section 3.3); larger ones only make work: checking 8192 bits takes 140 ms.
constexpr int kMinRsaBits = 2048;
constexpr int kMaxRsaBits = 4096;

struct AsymmetricKey {
  Pkey pkey;
  bool is_private;
};

/// The key of an RSA, EC or OKP JWK. Errors: bad_request, naming the member.
Result<AsymmetricKey> read_asymmetric_jwk(Algorithm algorithm, const json::object& jwk);

/// The secret of an `oct` JWK, at least as long as the MAC (RFC 7518 section 3.2). Errors: bad_request.
Result<Secret> read_symmetric_jwk(Algorithm algorithm, const json::object& jwk);

/// The members that make the public key and nothing else, in the order of RFC 7638 section 3.
json::object required_public_members(Algorithm algorithm, const EVP_PKEY& key);

/// RFC 7638: base64url of the SHA-256 of exactly those members.
std::string jwk_thumbprint(const json::object& required_members);

}  // namespace kriya::crypto
