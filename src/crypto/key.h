// Keys that sign and verify, each bound for life to one algorithm (RFC 8725 section 3.1).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "base/secret.h"
#include "crypto/algorithm.h"

namespace kriya::crypto {

struct AsymmetricKey;  // jwk.h, which only this folder reads

/// One key. Cheap to copy (shared, immutable); safe to use from any thread.
/// What a method demands of the kind of key ("only for ...") is the caller's to know: breaking it is a bug and throws
/// std::logic_error.
class Key {
 public:
  /// An HMAC key. `secret` is used as it is, as many bytes as it has, but at least one. Only for HMAC algorithms.
  static Key from_secret(Algorithm algorithm, const Secret& secret);

  /// A fresh private key: RSA 2048, P-256 or Ed25519. Only for asymmetric algorithms.
  static Key generate(Algorithm algorithm);

  /// A private key from PKCS #8 DER, as `private_der` writes it. Errors: internal, when the bytes are no key of this
  /// algorithm. Only for asymmetric algorithms.
  static Result<Key> from_private_der(Algorithm algorithm, std::string_view der);

  /// A key from a JWK (RFC 7517): public or private (with `d`, and for RSA all five CRT members) for RS256, ES256 and
  /// EdDSA, `oct` for HMAC. `alg`, `use` and `key_ops` may be absent but must not contradict; a `kid` is ignored, since
  /// `id` is always the thumbprint. RSA: 2048 to 4096 bits, exponent from 65537.
  /// Errors: bad_request, naming the member that is missing or wrong.
  static Result<Key> from_jwk(Algorithm algorithm, const json::object& jwk);

  Algorithm algorithm() const;

  /// Whether this key signs: an HMAC or a private key.
  bool can_sign() const;

  /// RFC 7638 SHA-256 thumbprint of an asymmetric key; empty for HMAC, whose thumbprint would let anyone test guesses.
  const std::string& id() const;

  /// The public half as a JWK with `kid`, `alg` and `use`. Only for asymmetric keys.
  json::object public_jwk() const;

  /// PKCS #8 DER. Only for private asymmetric keys.
  Secret private_der() const;

  /// The raw JWS signature of `message`; for ES256 the 64 bytes r || s (RFC 7518 section 3.4). Only if `can_sign`.
  std::string sign(std::string_view message) const;

  /// Whether `signature` is this key's over `message`. HMACs are compared in constant time.
  bool verify(std::string_view message, std::string_view signature) const;

 private:
  struct Material;
  explicit Key(std::shared_ptr<const Material> material);
  static Key from_asymmetric(Algorithm algorithm, AsymmetricKey key);
  std::shared_ptr<const Material> material_;
};

}  // namespace kriya::crypto
