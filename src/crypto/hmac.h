// HMAC (RFC 2104) for the sources of this folder; other folders use digest.h and key.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "crypto/openssl.h"

namespace kriya::crypto {

/// A fresh context, keyed and ready for a message. `digest` is OpenSSL's name, e.g. "SHA256".
MacContext keyed_hmac(const char* digest, std::string_view key);

/// The MAC of a message that is given whole.
std::string finish_hmac(EVP_MAC_CTX& context, std::string_view message);

/// One HMAC key for many messages. Safe to use from any thread.
class HmacKey {
 public:
  HmacKey(const char* digest, std::string_view key);

  std::string mac(std::string_view message) const;

 private:
  EVP_MAC_CTX& context_of_this_thread() const;

  MacContext keyed_;
  std::uint64_t serial_;  // unlike an address, never used again after this key is gone
};

}  // namespace kriya::crypto
