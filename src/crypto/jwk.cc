#include "crypto/jwk.h"

#include <array>
#include <utility>

#include "base/encoding.h"
#include "crypto/digest.h"
#include "crypto/ed25519_point.h"

namespace kriya::crypto {
namespace {

constexpr std::size_t kCoordinateSize = 32;  // P-256 and Ed25519 alike

tl::unexpected<Error> fail_member(std::string_view member, std::string_view problem) {
  return fail(Errc::bad_request, "JWK member \"" + std::string(member) + "\" " + std::string(problem) + ".");
}

/// Absent counts as wrong unless `optional`.
Result<void> require_text(const json::object& jwk, std::string_view member, std::string_view expected,
                          bool optional = false) {
  const json::value* const value = jwk.if_contains(member);
  if (value == nullptr && optional) return {};
  if (value == nullptr) return fail_member(member, "is missing");
  if (!value->is_string() || value->get_string() != expected) {
    return fail_member(member, "must be \"" + std::string(expected) + "\"");
  }
  return {};
}

/// What a JWK says about its own use (RFC 7517 section 4) must allow this algorithm.
Result<void> check_purpose(Algorithm algorithm, const json::object& jwk) {
  if (auto alg = require_text(jwk, "alg", name(algorithm), true); !alg) return alg;
  if (auto use = require_text(jwk, "use", "sig", true); !use) return use;
  const json::value* const operations = jwk.if_contains("key_ops");
  if (operations == nullptr) return {};
  if (const json::array* const list = operations->if_array()) {
    for (const json::value& operation : *list) {
      const json::string* const text = operation.if_string();
      if (text != nullptr && (*text == "sign" || *text == "verify")) return {};
    }
  }
  return fail_member("key_ops", "must list \"sign\" or \"verify\"");
}

Result<Secret> read_bytes(const json::object& jwk, std::string_view member) {
  const json::value* const value = jwk.if_contains(member);
  if (value == nullptr) return fail_member(member, "is missing");
  if (!value->is_string()) return fail_member(member, "must be a string");
  auto bytes = base64url_decode(value->get_string());
  if (!bytes) return fail_member(member, "must be canonical base64url without padding");
  return Secret(*std::move(bytes));
}

Result<Secret> read_coordinate(const json::object& jwk, std::string_view member) {
  auto bytes = read_bytes(jwk, member);
  if (bytes && bytes->size() != kCoordinateSize) return fail_member(member, "must hold exactly 32 bytes");
  return bytes;
}

/// RFC 7518 section 2, Base64urlUInt: big-endian, as few bytes as the number needs.
Result<BigNumber> read_number(const json::object& jwk, std::string_view member) {
  const auto bytes = read_bytes(jwk, member);
  if (!bytes) return fail(bytes.error());
  const std::string_view digits = bytes->reveal();
  if (digits.empty() || digits.front() == '\0') return fail_member(member, "must be a number without leading zeros");
  if (digits.size() > kMaxRsaBits / 8 + 1) return fail_member(member, "is too large");
  return ensured<BigNumber>(BN_bin2bn(data_of(digits), int_size(digits), nullptr), "BN_bin2bn");
}

/// Null when OpenSSL refuses the numbers.
Pkey build_key(const char* type, int selection, OSSL_PARAM_BLD& builder) {
  const auto params = ensured<Params>(OSSL_PARAM_BLD_to_param(&builder), "OSSL_PARAM_BLD_to_param");
  const auto context = ensured<PkeyContext>(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr), "EVP_PKEY_CTX_new");
  ensure(EVP_PKEY_fromdata_init(context.get()) == 1, "EVP_PKEY_fromdata_init");
  EVP_PKEY* key = nullptr;
  if (EVP_PKEY_fromdata(context.get(), &key, selection, params.get()) != 1) return nullptr;
  return Pkey(key);
}

/// Whether OpenSSL took the key, its public half is sound and the private half, if there is one, belongs to it.
bool is_sound(const AsymmetricKey& key) {
  if (key.pkey == nullptr) return false;
  const auto context =
      ensured<PkeyContext>(EVP_PKEY_CTX_new_from_pkey(nullptr, key.pkey.get(), nullptr), "EVP_PKEY_CTX_new");
  return (key.is_private ? EVP_PKEY_check(context.get()) : EVP_PKEY_public_check(context.get())) == 1;
}

std::string ed25519_public_bytes(const EVP_PKEY& key) {
  std::string bytes(kCoordinateSize, '\0');
  std::size_t size = bytes.size();
  ensure(EVP_PKEY_get_raw_public_key(&key, data_of(bytes), &size) == 1, "EVP_PKEY_get_raw_public_key");
  return bytes;
}

struct RsaMember {
  const char* jwk;
  const char* openssl;
};
constexpr std::array<RsaMember, 8> kRsaMembers = {{{"n", OSSL_PKEY_PARAM_RSA_N},
                                                   {"e", OSSL_PKEY_PARAM_RSA_E},
                                                   {"d", OSSL_PKEY_PARAM_RSA_D},
                                                   {"p", OSSL_PKEY_PARAM_RSA_FACTOR1},
                                                   {"q", OSSL_PKEY_PARAM_RSA_FACTOR2},
                                                   {"dp", OSSL_PKEY_PARAM_RSA_EXPONENT1},
                                                   {"dq", OSSL_PKEY_PARAM_RSA_EXPONENT2},
                                                   {"qi", OSSL_PKEY_PARAM_RSA_COEFFICIENT1}}};
constexpr std::size_t kRsaPublicMembers = 2;

/// FIPS 186-5 section A.1.1 for the exponent: odd and above 2^16. The upper bound is OpenSSL's for large moduli.
Result<void> check_rsa_sizes(const BIGNUM& modulus, const BIGNUM& exponent) {
  const int bits = BN_num_bits(&modulus);
  if (bits < kMinRsaBits || bits > kMaxRsaBits) return fail_member("n", "must have 2048 to 4096 bits");
  const int exponent_bits = BN_num_bits(&exponent);
  if (exponent_bits < 17 || exponent_bits > 64 || BN_is_odd(&exponent) == 0) {
    return fail_member("e", "must be odd and between 65537 and 2^64");
  }
  return {};
}

Result<AsymmetricKey> read_rsa(const json::object& jwk) {
  const bool is_private = jwk.contains("d");
  if (jwk.contains("oth")) return fail_member("oth", "is not supported: a key has two primes");
  std::array<BigNumber, kRsaMembers.size()> numbers;
  const auto builder = ensured<ParamBuilder>(OSSL_PARAM_BLD_new(), "OSSL_PARAM_BLD_new");
  for (std::size_t i = 0; i < (is_private ? kRsaMembers.size() : kRsaPublicMembers); ++i) {
    auto number = read_number(jwk, kRsaMembers[i].jwk);
    if (!number) return fail(number.error());
    numbers[i] = *std::move(number);
    ensure(OSSL_PARAM_BLD_push_BN(builder.get(), kRsaMembers[i].openssl, numbers[i].get()) == 1, "push_BN");
  }
  if (auto sizes = check_rsa_sizes(*numbers[0], *numbers[1]); !sizes) return fail(sizes.error());

  AsymmetricKey key{build_key("RSA", is_private ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY, *builder), is_private};
  if (!is_sound(key)) return fail_member("n", "must make a sound RSA key with the other members");
  return key;
}

/// Null when OpenSSL refuses the point. `scalar` is null for a public key.
Pkey build_p256(const std::string& point, const BIGNUM* scalar) {
  const auto builder = ensured<ParamBuilder>(OSSL_PARAM_BLD_new(), "OSSL_PARAM_BLD_new");
  OSSL_PARAM_BLD* const b = builder.get();
  ensure(OSSL_PARAM_BLD_push_utf8_string(b, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) == 1 &&
             OSSL_PARAM_BLD_push_octet_string(b, OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) == 1 &&
             (scalar == nullptr || OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_PRIV_KEY, scalar) == 1),
         "OSSL_PARAM_BLD_push");
  return build_key("EC", scalar == nullptr ? EVP_PKEY_PUBLIC_KEY : EVP_PKEY_KEYPAIR, *b);
}

Result<AsymmetricKey> read_p256(const json::object& jwk) {
  if (auto crv = require_text(jwk, "crv", "P-256"); !crv) return fail(crv.error());
  const auto x = read_coordinate(jwk, "x");
  if (!x) return fail(x.error());
  const auto y = read_coordinate(jwk, "y");
  if (!y) return fail(y.error());
  const std::string point = "\x04" + std::string(x->reveal()) + std::string(y->reveal());  // SEC 1: uncompressed

  AsymmetricKey public_key{build_p256(point, nullptr), false};
  if (!is_sound(public_key)) return fail_member("x", "and \"y\" must be a point of P-256");
  if (!jwk.contains("d")) return public_key;

  const auto d = read_coordinate(jwk, "d");
  if (!d) return fail(d.error());
  const auto scalar = ensured<BigNumber>(BN_bin2bn(data_of(d->reveal()), int_size(d->reveal()), nullptr), "BN_bin2bn");
  AsymmetricKey key{build_p256(point, scalar.get()), true};
  if (!is_sound(key)) return fail_member("d", "must belong to \"x\" and \"y\"");
  return key;
}

Result<AsymmetricKey> read_ed25519(const json::object& jwk) {
  if (auto crv = require_text(jwk, "crv", "Ed25519"); !crv) return fail(crv.error());
  const auto x = read_coordinate(jwk, "x");
  if (!x) return fail(x.error());
  if (!is_ed25519_public_key(x->reveal())) return fail_member("x", "must be a point of Ed25519");
  if (!jwk.contains("d")) {
    return AsymmetricKey{
        ensured<Pkey>(EVP_PKEY_new_raw_public_key_ex(nullptr, "ED25519", nullptr, data_of(x->reveal()), x->size()),
                      "EVP_PKEY_new_raw_public_key_ex"),
        false};
  }
  const auto d = read_coordinate(jwk, "d");
  if (!d) return fail(d.error());
  AsymmetricKey key{
      ensured<Pkey>(EVP_PKEY_new_raw_private_key_ex(nullptr, "ED25519", nullptr, data_of(d->reveal()), d->size()),
                    "EVP_PKEY_new_raw_private_key_ex"),
      true};
  if (ed25519_public_bytes(*key.pkey) != x->reveal()) return fail_member("d", "must belong to \"x\"");
  return key;
}

void put_number(json::object& members, const char* member, const EVP_PKEY& key, const char* parameter,
                std::size_t size = 0) {
  BIGNUM* number = nullptr;
  ensure(EVP_PKEY_get_bn_param(&key, parameter, &number) == 1, "EVP_PKEY_get_bn_param");
  const BigNumber owned(number);
  std::string bytes(size == 0 ? static_cast<std::size_t>(BN_num_bytes(number)) : size, '\0');
  ensure(BN_bn2binpad(number, data_of(bytes), int_size(bytes)) >= 0, "BN_bn2binpad");
  members[member] = base64url_encode(bytes);
}

}  // namespace

Result<AsymmetricKey> read_asymmetric_jwk(Algorithm algorithm, const json::object& jwk) {
  const ErrorQueueScope errors;
  if (auto purpose = check_purpose(algorithm, jwk); !purpose) return fail(purpose.error());
  const char* const type = algorithm == Algorithm::rs256 ? "RSA" : algorithm == Algorithm::es256 ? "EC" : "OKP";
  if (auto kty = require_text(jwk, "kty", type); !kty) return fail(kty.error());
  if (algorithm == Algorithm::rs256) return read_rsa(jwk);
  return algorithm == Algorithm::es256 ? read_p256(jwk) : read_ed25519(jwk);
}

Result<Secret> read_symmetric_jwk(Algorithm algorithm, const json::object& jwk) {
  if (auto purpose = check_purpose(algorithm, jwk); !purpose) return fail(purpose.error());
  if (auto kty = require_text(jwk, "kty", "oct"); !kty) return fail(kty.error());
  auto secret = read_bytes(jwk, "k");
  const std::size_t mac_size = algorithm == Algorithm::hs256 ? 32 : algorithm == Algorithm::hs384 ? 48 : 64;
  if (secret && secret->size() < mac_size) {
    return fail_member("k", "must hold at least " + std::to_string(mac_size) + " bytes");
  }
  return secret;
}

json::object required_public_members(Algorithm algorithm, const EVP_PKEY& key) {
  json::object members;
  switch (algorithm) {
    case Algorithm::rs256:
      put_number(members, "e", key, OSSL_PKEY_PARAM_RSA_E);
      members["kty"] = "RSA";
      put_number(members, "n", key, OSSL_PKEY_PARAM_RSA_N);
      break;
    case Algorithm::es256:
      members["crv"] = "P-256";
      members["kty"] = "EC";
      put_number(members, "x", key, OSSL_PKEY_PARAM_EC_PUB_X, kCoordinateSize);
      put_number(members, "y", key, OSSL_PKEY_PARAM_EC_PUB_Y, kCoordinateSize);
      break;
    case Algorithm::eddsa:
      members["crv"] = "Ed25519";
      members["kty"] = "OKP";
      members["x"] = base64url_encode(ed25519_public_bytes(key));
      break;
    case Algorithm::hs256:
    case Algorithm::hs384:
    case Algorithm::hs512:
      throw std::logic_error("an HMAC key has no public half");
  }
  return members;
}

std::string jwk_thumbprint(const json::object& required_members) {
  return base64url_encode(sha256(write_json(required_members)));
}

}  // namespace kriya::crypto
