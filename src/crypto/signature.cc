#include "crypto/signature.h"

#include <optional>

#include <openssl/ec.h>

namespace kriya::crypto {
namespace {

using EcdsaSignature = std::unique_ptr<ECDSA_SIG, Release<ECDSA_SIG_free>>;

constexpr std::size_t kP256ScalarSize = 32;

/// EdDSA hashes by itself (RFC 8032); the others sign a SHA-256.
const EVP_MD* digest_of(Algorithm algorithm) {
  static const Digest sha256 = ensured<Digest>(EVP_MD_fetch(nullptr, "SHA256", nullptr), "EVP_MD_fetch");
  return algorithm == Algorithm::eddsa ? nullptr : sha256.get();
}

/// r || s, each 32 bytes (RFC 7518 section 3.4), from the DER that OpenSSL writes.
std::string ecdsa_der_to_jws(std::string_view der) {
  const unsigned char* at = data_of(der);
  const auto parsed =
      ensured<EcdsaSignature>(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())), "d2i_ECDSA_SIG");
  std::string jws(2 * kP256ScalarSize, '\0');
  const int size = static_cast<int>(kP256ScalarSize);
  ensure(BN_bn2binpad(ECDSA_SIG_get0_r(parsed.get()), data_of(jws), size) == size, "BN_bn2binpad");
  ensure(BN_bn2binpad(ECDSA_SIG_get0_s(parsed.get()), data_of(jws) + size, size) == size, "BN_bn2binpad");
  return jws;
}

/// Nullopt unless the signature has the one length that is allowed. Zero and oversized scalars are left to the check.
std::optional<std::string> ecdsa_jws_to_der(std::string_view jws) {
  if (jws.size() != 2 * kP256ScalarSize) return std::nullopt;
  const int size = static_cast<int>(kP256ScalarSize);
  auto r = ensured<BigNumber>(BN_bin2bn(data_of(jws), size, nullptr), "BN_bin2bn");
  auto s = ensured<BigNumber>(BN_bin2bn(data_of(jws) + size, size, nullptr), "BN_bin2bn");
  const auto signature = ensured<EcdsaSignature>(ECDSA_SIG_new(), "ECDSA_SIG_new");
  ensure(ECDSA_SIG_set0(signature.get(), r.release(), s.release()) == 1, "ECDSA_SIG_set0");
  const int der_size = i2d_ECDSA_SIG(signature.get(), nullptr);
  ensure(der_size > 0, "i2d_ECDSA_SIG");
  std::string der(static_cast<std::size_t>(der_size), '\0');
  unsigned char* at = data_of(der);
  ensure(i2d_ECDSA_SIG(signature.get(), &at) == der_size, "i2d_ECDSA_SIG");
  return der;
}

}  // namespace

std::string make_signature(Algorithm algorithm, EVP_PKEY& key, std::string_view message) {
  const auto context = ensured<DigestContext>(EVP_MD_CTX_new(), "EVP_MD_CTX_new");
  ensure(EVP_DigestSignInit(context.get(), nullptr, digest_of(algorithm), nullptr, &key) == 1, "EVP_DigestSignInit");
  std::string signature(static_cast<std::size_t>(EVP_PKEY_get_size(&key)), '\0');
  std::size_t size = signature.size();
  ensure(EVP_DigestSign(context.get(), data_of(signature), &size, data_of(message), message.size()) == 1,
         "EVP_DigestSign");
  signature.resize(size);
  return algorithm == Algorithm::es256 ? ecdsa_der_to_jws(signature) : signature;
}

bool check_signature(Algorithm algorithm, EVP_PKEY& key, std::string_view message, std::string_view signature) {
  std::optional<std::string> der;
  if (algorithm == Algorithm::es256) {
    der = ecdsa_jws_to_der(signature);
    if (!der) return false;
    signature = *der;
  }
  const ErrorQueueScope errors;
  const auto context = ensured<DigestContext>(EVP_MD_CTX_new(), "EVP_MD_CTX_new");
  ensure(EVP_DigestVerifyInit(context.get(), nullptr, digest_of(algorithm), nullptr, &key) == 1,
         "EVP_DigestVerifyInit");
  // 0 is "does not verify" and a negative number "is no signature at all": one answer to the caller.
  return EVP_DigestVerify(context.get(), data_of(signature), signature.size(), data_of(message), message.size()) == 1;
}

}  // namespace kriya::crypto
