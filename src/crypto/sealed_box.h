// Encryption of what rests in the database.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/secret.h"

namespace kriya::crypto {

/// AES-256-GCM with a random 96-bit nonce. Text form: base64url(version byte 1 || nonce || ciphertext || tag).
/// `context` is authenticated, not stored: a box moved to another row or column does not open.
class SealedBox {
 public:
  explicit SealedBox(const Secret& key);  // 32 bytes, from derive_key

  std::string seal(std::string_view plain, std::string_view context) const;

  /// Errors: internal, when the text was altered, cut, or sealed under another key or context.
  Result<Secret> open(std::string_view sealed, std::string_view context) const;

 private:
  Secret key_;
};

}  // namespace kriya::crypto
