// Is it really a public key? OpenSSL takes any 32 bytes for an Ed25519 key.
#pragma once

#include <string_view>

namespace kriya::crypto {

/// Whether the bytes are the one canonical encoding (RFC 8032 section 5.1.2) of a point on edwards25519 that is none of
/// the eight of small order, under which a signature binds nobody to anything.
bool is_ed25519_public_key(std::string_view bytes);

}  // namespace kriya::crypto
