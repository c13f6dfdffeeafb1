// Recognising a number again without keeping it.
#pragma once

#include <string>

#include "base/secret.h"
#include "phone/phone_number.h"

namespace kriya {

/// HMAC-SHA256 under a key derived from MASTER_KEY, in base64url: the same number gives the same text on every
/// instance, and without the key nobody can try numbers against it. Safe to use from any thread.
class PhoneHash {
 public:
  /// `master`: MASTER_KEY.
  explicit PhoneHash(const Secret& master);

  std::string of(const PhoneNumber& number) const;

 private:
  Secret key_;
};

}  // namespace kriya
