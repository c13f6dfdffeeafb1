// Signatures of private keys in the form that JWS gives them; other folders use key.h.
#pragma once

#include <string>
#include <string_view>

#include "crypto/algorithm.h"
#include "crypto/openssl.h"

namespace kriya::crypto {

/// The JWS signature (RFC 7518 sections 3.3 and 3.4, RFC 8037 section 3.1) of an RS256, ES256 or EdDSA key.
std::string make_signature(Algorithm algorithm, EVP_PKEY& key, std::string_view message);

/// Whether `signature` is that of `key` over `message`. Leaves no trace in OpenSSL's error queue.
bool check_signature(Algorithm algorithm, EVP_PKEY& key, std::string_view message, std::string_view signature);

}  // namespace kriya::crypto
