// Hashes, derived keys, and comparisons that tell nothing by their timing.
#pragma once

#include <string>
#include <string_view>

#include "base/secret.h"

namespace kriya::crypto {

std::string sha256(std::string_view bytes);
std::string hmac_sha256(std::string_view key, std::string_view message);

/// HKDF-SHA256 (RFC 5869): `size` bytes (1 to 8160) for `info` from the keying material and a salt that may be empty.
Secret hkdf_sha256(const Secret& material, std::string_view salt, std::string_view info, std::size_t size);

/// The 32-byte key of one purpose under the master key: HKDF-SHA256 without salt, info "kriya/<purpose>".
Secret derive_key(const Secret& master, std::string_view purpose);

/// Equality in a time that depends on no byte of either text. The lengths are no secret: compare digests where they
/// are.
bool equal_in_constant_time(std::string_view left, std::string_view right);

}  // namespace kriya::crypto
