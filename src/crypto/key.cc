#include "crypto/key.h"

#include <optional>
#include <stdexcept>
#include <utility>

#include <openssl/crypto.h>
#include <openssl/x509.h>

#include "crypto/hmac.h"
#include "crypto/jwk.h"
#include "crypto/openssl.h"
#include "crypto/signature.h"

namespace kriya::crypto {
namespace {

using Pkcs8 = std::unique_ptr<PKCS8_PRIV_KEY_INFO, Release<PKCS8_PRIV_KEY_INFO_free>>;

constexpr std::size_t kGeneratedRsaBits = 2048;

void demand(bool held, const char* rule) {
  if (!held) throw std::logic_error(rule);
}

const char* hmac_digest(Algorithm algorithm) {
  return algorithm == Algorithm::hs256 ? "SHA256" : algorithm == Algorithm::hs384 ? "SHA384" : "SHA512";
}

bool is_p256(const EVP_PKEY& key) {
  char group[32];
  return EVP_PKEY_is_a(&key, "EC") == 1 && EVP_PKEY_get_group_name(&key, group, sizeof(group), nullptr) == 1 &&
         std::string_view(group) == SN_X9_62_prime256v1;
}

bool fits(Algorithm algorithm, const EVP_PKEY& key) {
  if (algorithm == Algorithm::es256) return is_p256(key);
  if (algorithm == Algorithm::eddsa) return EVP_PKEY_is_a(&key, "ED25519") == 1;
  return EVP_PKEY_is_a(&key, "RSA") == 1 && EVP_PKEY_get_bits(&key) >= kMinRsaBits;
}

}  // namespace

/// Either a MAC key or an EVP_PKEY. OpenSSL lets threads sign and verify with one EVP_PKEY at a time, but wants it
/// non-const.
struct Key::Material {
  Algorithm algorithm;
  std::optional<HmacKey> hmac;
  Pkey pkey;
  bool is_private = false;
  json::object public_members;
  std::string id;
};

Key::Key(std::shared_ptr<const Material> material) : material_(std::move(material)) {}

Key Key::from_asymmetric(Algorithm algorithm, AsymmetricKey key) {
  Material material{algorithm, std::nullopt, std::move(key.pkey), key.is_private, {}, {}};
  material.public_members = required_public_members(algorithm, *material.pkey);
  material.id = jwk_thumbprint(material.public_members);
  return Key(std::make_shared<const Material>(std::move(material)));
}

Key Key::from_secret(Algorithm algorithm, const Secret& secret) {
  demand(is_symmetric(algorithm), "Key::from_secret takes an HMAC algorithm");
  demand(!secret.empty(), "an HMAC key must not be empty: anyone could sign with it");
  Material material{algorithm, std::nullopt, nullptr, false, {}, {}};
  material.hmac.emplace(hmac_digest(algorithm), secret.reveal());
  return Key(std::make_shared<const Material>(std::move(material)));
}

Key Key::generate(Algorithm algorithm) {
  demand(!is_symmetric(algorithm), "Key::generate takes an asymmetric algorithm");
  EVP_PKEY* const key = algorithm == Algorithm::rs256   ? EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", kGeneratedRsaBits)
                        : algorithm == Algorithm::es256 ? EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")
                                                        : EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
  return from_asymmetric(algorithm, {ensured<Pkey>(key, "EVP_PKEY_Q_keygen"), true});
}

Result<Key> Key::from_private_der(Algorithm algorithm, std::string_view der) {
  demand(!is_symmetric(algorithm), "Key::from_private_der takes an asymmetric algorithm");
  const ErrorQueueScope errors;
  const unsigned char* at = data_of(der);
  const unsigned char* const end = at + der.size();
  const Pkcs8 info(d2i_PKCS8_PRIV_KEY_INFO(nullptr, &at, static_cast<long>(der.size())));
  Pkey key(info == nullptr || at != end ? nullptr : EVP_PKCS82PKEY(info.get()));
  if (key == nullptr || !fits(algorithm, *key)) {
    return fail(Errc::internal, "A stored private key is no " + std::string(name(algorithm)) + " key.");
  }
  return from_asymmetric(algorithm, {std::move(key), true});
}

Result<Key> Key::from_jwk(Algorithm algorithm, const json::object& jwk) {
  if (is_symmetric(algorithm)) {
    const auto secret = read_symmetric_jwk(algorithm, jwk);
    if (!secret) return fail(secret.error());
    return from_secret(algorithm, *secret);
  }
  auto key = read_asymmetric_jwk(algorithm, jwk);
  if (!key) return fail(key.error());
  return from_asymmetric(algorithm, *std::move(key));
}

Algorithm Key::algorithm() const { return material_->algorithm; }

bool Key::can_sign() const { return material_->hmac.has_value() || material_->is_private; }

const std::string& Key::id() const { return material_->id; }

json::object Key::public_jwk() const {
  demand(material_->pkey != nullptr, "Key::public_jwk needs an asymmetric key");
  json::object jwk = material_->public_members;
  jwk["kid"] = material_->id;
  jwk["alg"] = name(material_->algorithm);
  jwk["use"] = "sig";
  return jwk;
}

Secret Key::private_der() const {
  demand(material_->is_private, "Key::private_der needs a private asymmetric key");
  const auto info = ensured<Pkcs8>(EVP_PKEY2PKCS8(material_->pkey.get()), "EVP_PKEY2PKCS8");
  const int size = i2d_PKCS8_PRIV_KEY_INFO(info.get(), nullptr);
  ensure(size > 0, "i2d_PKCS8_PRIV_KEY_INFO");
  std::string der(static_cast<std::size_t>(size), '\0');
  unsigned char* at = data_of(der);
  ensure(i2d_PKCS8_PRIV_KEY_INFO(info.get(), &at) == size, "i2d_PKCS8_PRIV_KEY_INFO");
  return Secret(std::move(der));
}

std::string Key::sign(std::string_view message) const {
  demand(can_sign(), "Key::sign needs an HMAC or a private key");
  if (material_->hmac) return material_->hmac->mac(message);
  return make_signature(material_->algorithm, *material_->pkey, message);
}

bool Key::verify(std::string_view message, std::string_view signature) const {
  if (!material_->hmac) return check_signature(material_->algorithm, *material_->pkey, message, signature);
  const std::string mac = material_->hmac->mac(message);
  return signature.size() == mac.size() && CRYPTO_memcmp(signature.data(), mac.data(), mac.size()) == 0;
}

}  // namespace kriya::crypto
