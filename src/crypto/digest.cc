#include "crypto/digest.h"

#include <openssl/crypto.h>

#include "crypto/hmac.h"
#include "crypto/openssl.h"

namespace kriya::crypto {
namespace {

constexpr std::size_t kSha256Size = 32;

}  // namespace

std::string sha256(std::string_view bytes) {
  // Fetched once: a fetch by name costs more than hashing a short text.
  static const Digest digest = ensured<Digest>(EVP_MD_fetch(nullptr, "SHA256", nullptr), "EVP_MD_fetch");
  std::string hash(kSha256Size, '\0');
  ensure(EVP_Digest(data_of(bytes), bytes.size(), data_of(hash), nullptr, digest.get(), nullptr) == 1, "EVP_Digest");
  return hash;
}

std::string hmac_sha256(std::string_view key, std::string_view message) {
  const MacContext context = keyed_hmac("SHA256", key);
  return finish_hmac(*context, message);
}

Secret hkdf_sha256(const Secret& material, std::string_view salt, std::string_view info, std::size_t size) {
  static const Kdf hkdf = ensured<Kdf>(EVP_KDF_fetch(nullptr, "HKDF", nullptr), "EVP_KDF_fetch");
  const auto context = ensured<KdfContext>(EVP_KDF_CTX_new(hkdf.get()), "EVP_KDF_CTX_new");
  const auto builder = ensured<ParamBuilder>(OSSL_PARAM_BLD_new(), "OSSL_PARAM_BLD_new");
  OSSL_PARAM_BLD* const b = builder.get();
  const std::string_view secret = material.reveal();
  ensure(OSSL_PARAM_BLD_push_utf8_string(b, OSSL_KDF_PARAM_DIGEST, "SHA256", 0) == 1 &&
             OSSL_PARAM_BLD_push_octet_string(b, OSSL_KDF_PARAM_KEY, data_of(secret), secret.size()) == 1 &&
             OSSL_PARAM_BLD_push_octet_string(b, OSSL_KDF_PARAM_SALT, data_of(salt), salt.size()) == 1 &&
             OSSL_PARAM_BLD_push_octet_string(b, OSSL_KDF_PARAM_INFO, data_of(info), info.size()) == 1,
         "OSSL_PARAM_BLD_push");
  const auto params = ensured<Params>(OSSL_PARAM_BLD_to_param(b), "OSSL_PARAM_BLD_to_param");
  std::string key(size, '\0');
  ensure(EVP_KDF_derive(context.get(), data_of(key), key.size(), params.get()) == 1, "EVP_KDF_derive");
  return Secret(std::move(key));
}

Secret derive_key(const Secret& master, std::string_view purpose) {
  return hkdf_sha256(master, {}, "kriya/" + std::string(purpose), 32);
}

bool equal_in_constant_time(std::string_view left, std::string_view right) {
  return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

}  // namespace kriya::crypto
