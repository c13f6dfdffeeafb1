#include "phone/phone_hash.h"

#include "base/encoding.h"
#include "crypto/digest.h"

namespace kriya {

PhoneHash::PhoneHash(const Secret& master) : key_(crypto::derive_key(master, "phone-hash")) {}

std::string PhoneHash::of(const PhoneNumber& number) const {
  return base64url_encode(crypto::hmac_sha256(key_.reveal(), number.str()));
}

}  // namespace kriya
