#include "crypto/key.h"

#include <atomic>
#include <map>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <rapidcheck/gtest.h>

#include "base/encoding.h"
#include "crypto/random.h"
#include "rfc_vectors.h"

namespace kriya::crypto {
namespace {

constexpr Algorithm kAsymmetric[] = {Algorithm::rs256, Algorithm::es256, Algorithm::eddsa};
constexpr Algorithm kSymmetric[] = {Algorithm::hs256, Algorithm::hs384, Algorithm::hs512};

Key hmac_key(Algorithm algorithm, std::string secret) { return Key::from_secret(algorithm, Secret(std::move(secret))); }

Key rfc_key(Algorithm algorithm, std::string_view jwk) { return Key::from_jwk(algorithm, vectors::parse(jwk)).value(); }

/// One private or secret key of each algorithm. RSA keys are slow to make: that one comes from RFC 7515.
const std::map<Algorithm, Key>& keys() {
  static const auto all = [] {
    std::map<Algorithm, Key> made;
    made.emplace(Algorithm::rs256, rfc_key(Algorithm::rs256, vectors::kRs256PrivateJwk));
    for (const Algorithm algorithm : {Algorithm::es256, Algorithm::eddsa})
      made.emplace(algorithm, Key::generate(algorithm));
    for (const Algorithm algorithm : kSymmetric) made.emplace(algorithm, hmac_key(algorithm, random_bytes(32)));
    return made;
  }();
  return all;
}

TEST(AlgorithmName, ReadsBackAndIsCaseSensitive) {
  for (const auto& [algorithm, key] : keys()) {
    EXPECT_EQ(parse_algorithm(name(algorithm)), algorithm);
    EXPECT_EQ(key.algorithm(), algorithm);
  }
  for (const std::string_view text : {"", "none", "None", "hs256", "HS256 ", "EDDSA", "HS1", "RS512", "ES256K"}) {
    EXPECT_FALSE(parse_algorithm(text)) << text;
  }
  EXPECT_FALSE(parse_algorithm(std::string_view("HS256\0", 6)));
}

TEST(HmacKey, MatchesRfc4231) {
  const std::string first(20, '\x0b');
  EXPECT_EQ(hex_encode(hmac_key(Algorithm::hs256, first).sign("Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(hex_encode(hmac_key(Algorithm::hs384, first).sign("Hi There")),
            "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6");
  EXPECT_EQ(hex_encode(hmac_key(Algorithm::hs512, first).sign("Hi There")),
            "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4be9d914ee"
            "b61f1702e696c203a126854");
  const std::string second = "what do ya want for nothing?";
  EXPECT_EQ(hex_encode(hmac_key(Algorithm::hs384, "Jefe").sign(second)),
            "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649");
  EXPECT_EQ(hex_encode(hmac_key(Algorithm::hs512, std::string(131, '\xaa'))
                           .sign("Test Using Larger Than Block-Size Key - Hash Key First")),
            "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f3526b56d037e05f2598bd0fd2215d6a1e5295e64f73f"
            "63f0aec8b915a985d786598");
}

TEST(HmacKey, KeepsApartMoreKeysThanAThreadRemembersContexts) {
  std::vector<Key> all;
  for (int i = 0; i < 9; ++i) all.push_back(hmac_key(Algorithm::hs256, "secret number " + std::to_string(i)));
  std::vector<std::string> macs;
  for (const Key& key : all) macs.push_back(key.sign("message"));
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t n = 0; n < all.size(); ++n) EXPECT_EQ(all[i].verify("message", macs[n]), i == n);
  }
}

TEST(HmacKey, NeverAnswersForADeadKeyThatHadItsPlaceInMemory) {
  for (int i = 0; i < 100; ++i) {
    const Key key = hmac_key(Algorithm::hs256, std::to_string(i));
    EXPECT_EQ(key.sign("message"), hmac_key(Algorithm::hs256, std::to_string(i)).sign("message"));
    if (i > 0) EXPECT_NE(key.sign("message"), hmac_key(Algorithm::hs256, std::to_string(i - 1)).sign("message"));
  }
}

TEST(Key, IsSafeToUseFromManyThreads) {
  for (const auto& [algorithm, key] : keys()) {
    const int rounds = is_symmetric(algorithm) ? 2000 : 20;
    std::atomic<int> good = 0;
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&, mine = key, i] {
        for (int n = 0; n < rounds; ++n) {
          const std::string message = std::to_string(i) + ":" + std::to_string(n);
          good += mine.verify(message, mine.sign(message)) && !mine.verify(message + "!", mine.sign(message));
        }
      });
    }
    threads.clear();
    EXPECT_EQ(good, 4 * rounds) << name(algorithm);
  }
}

TEST(Key, VerifiesTheEd25519SignatureOfRfc8037) {
  const Key key = rfc_key(Algorithm::eddsa, vectors::kEd25519PrivateJwk);
  EXPECT_TRUE(key.verify(vectors::kEd25519Message, vectors::bytes(vectors::kEd25519Signature)));
  EXPECT_EQ(base64url_encode(key.sign(vectors::kEd25519Message)), vectors::kEd25519Signature);
}

TEST(Key, MakesTheRs256SignatureOfRfc7515) {
  const Key key = rfc_key(Algorithm::rs256, vectors::kRs256PrivateJwk);
  EXPECT_EQ(base64url_encode(key.sign("eyJhbGciOiJSUzI1NiJ9." + std::string(vectors::kPayload))),
            vectors::kRs256Signature);
}

TEST(Es256, VerifiesSignaturesOfOthersWhoseNumbersStartWithZeros) {
  // Made by Node (dsaEncoding ieee-p1363) under the key of RFC 7515 A.3.
  const Key key = rfc_key(Algorithm::es256, vectors::kEs256PrivateJwk);
  for (const std::string_view signature :
       {"AO4KFdwrwueHH0_P_V8XU9yPbpUeHsVR1Pl1tcZ0MzDkF_tJxDpxUkwpNHRqymM-WaDaKeriPiTgy8taDe4jaQ",
        "1z7G7w5exLKFDbJLsl7rcz6_bhgl3hFvvULWddlZBP8Acqvfl3mmJvbwkOlQ-t__JmDctb9uVVMf3KF7fKAWtQ"}) {
    EXPECT_TRUE(key.verify("leading zeros", vectors::bytes(signature)));
  }
}

TEST(Es256, PadsBothNumbersTo32Bytes) {
  const Key& key = keys().at(Algorithm::es256);
  bool saw_zero = false;
  for (int i = 0; i < 4000 && !saw_zero; ++i) {  // about one signature in 128 has such a number
    const std::string signature = key.sign(std::to_string(i));
    ASSERT_EQ(signature.size(), 64U);
    saw_zero = signature[0] == 0 || signature[32] == 0;
    if (saw_zero) EXPECT_TRUE(key.verify(std::to_string(i), signature));
  }
  EXPECT_TRUE(saw_zero);
}

TEST(Es256, RefusesZeroAndOversizedNumbers) {  // CVE-2022-21449: "psychic signatures"
  const Key& key = keys().at(Algorithm::es256);
  const std::string order = vectors::from_hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
  const std::string zero(32, '\0');
  const std::string one = std::string(31, '\0') + '\x01';
  for (const std::string& r : {zero, one, order, std::string(32, '\xff')}) {
    for (const std::string& s : {zero, one, order, std::string(32, '\xff')}) EXPECT_FALSE(key.verify("message", r + s));
  }
}

TEST(Es256, RefusesDerAndOtherLengths) {
  const Key& key = keys().at(Algorithm::es256);
  const std::string good = key.sign("message");
  EXPECT_FALSE(key.verify("message", vectors::from_hex("3006020101020101")));
  EXPECT_FALSE(key.verify("message", good.substr(0, 63)));
  EXPECT_FALSE(key.verify("message", good + '\0'));
  EXPECT_FALSE(key.verify("message", '\0' + good.substr(0, 32) + '\0' + good.substr(32)));
}

TEST(Key, LeavesNoErrorForTheNextTlsCallOfTheThread) {
  for (const auto& [algorithm, key] : keys()) {
    ERR_clear_error();
    EXPECT_FALSE(key.verify("message", "no signature"));
    EXPECT_FALSE(key.verify("message", std::string(64, '\x01')));
    EXPECT_FALSE(key.verify("message", std::string(256, '\x01')));
    if (!is_symmetric(algorithm)) EXPECT_FALSE(Key::from_private_der(algorithm, "no key"));
    EXPECT_EQ(ERR_peek_error(), 0U) << name(algorithm);
  }
}

TEST(Key, RefusesSignaturesThatAreCutOrGrown) {
  for (const auto& [algorithm, key] : keys()) {
    const std::string good = key.sign("message");
    ASSERT_TRUE(key.verify("message", good));
    EXPECT_FALSE(key.verify("message", ""));
    EXPECT_FALSE(key.verify("message", good.substr(0, good.size() - 1)));
    EXPECT_FALSE(key.verify("message", good.substr(0, good.size() / 2)));
    EXPECT_FALSE(key.verify("message", good + '\0'));
  }
}

TEST(Key, VerifiesNothingOfAnotherKey) {
  for (const auto& [algorithm, key] : keys()) {
    const Key other = is_symmetric(algorithm) ? hmac_key(algorithm, random_bytes(32)) : Key::generate(algorithm);
    EXPECT_FALSE(key.verify("message", other.sign("message"))) << name(algorithm);
  }
}

TEST(PrivateDer, ReadsBackAsTheSameKey) {
  for (const Algorithm algorithm : kAsymmetric) {
    const Key& key = keys().at(algorithm);
    const Key copy = Key::from_private_der(algorithm, key.private_der().reveal()).value();
    EXPECT_EQ(copy.id(), key.id());
    EXPECT_EQ(copy.public_jwk(), key.public_jwk());
    EXPECT_EQ(copy.private_der().reveal(), key.private_der().reveal());
    EXPECT_TRUE(key.verify("message", copy.sign("message")));
  }
}

TEST(PrivateDer, IsRefusedWhenCutGrownOrOfAnotherAlgorithm) {
  for (const Algorithm algorithm : kAsymmetric) {
    const std::string der(keys().at(algorithm).private_der().reveal());
    for (const std::string& bytes : {std::string(), der.substr(0, der.size() - 1), der.substr(1), der + '\0'}) {
      const auto key = Key::from_private_der(algorithm, bytes);
      ASSERT_FALSE(key) << name(algorithm);
      EXPECT_EQ(key.error().code, Errc::internal);
    }
    for (const Algorithm other : kAsymmetric)
      EXPECT_EQ(Key::from_private_der(other, der).has_value(), other == algorithm);
  }
}

/// PKCS #8 of a fresh key of any kind that OpenSSL knows.
template <class... Parameters>
std::string foreign_der(const char* type, Parameters... parameters) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      EVP_PKEY_Q_keygen(nullptr, nullptr, type, parameters...), EVP_PKEY_free);
  const std::unique_ptr<PKCS8_PRIV_KEY_INFO, decltype(&PKCS8_PRIV_KEY_INFO_free)> info(EVP_PKEY2PKCS8(key.get()),
                                                                                       PKCS8_PRIV_KEY_INFO_free);
  unsigned char* der = nullptr;
  const int size = i2d_PKCS8_PRIV_KEY_INFO(info.get(), &der);
  std::string bytes(reinterpret_cast<char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return bytes;
}

TEST(PrivateDer, IsRefusedForOtherKindsOfTheSameFamily) {
  EXPECT_TRUE(Key::from_private_der(Algorithm::es256, foreign_der("EC", "P-256")));
  EXPECT_FALSE(Key::from_private_der(Algorithm::es256, foreign_der("EC", "P-384")));
  EXPECT_FALSE(Key::from_private_der(Algorithm::es256, foreign_der("EC", "secp256k1")));
  EXPECT_FALSE(Key::from_private_der(Algorithm::eddsa, foreign_der("X25519")));
  EXPECT_FALSE(Key::from_private_der(Algorithm::eddsa, foreign_der("ED448")));
  EXPECT_FALSE(Key::from_private_der(Algorithm::rs256, foreign_der("RSA", std::size_t{1024})));
}

TEST(KeyId, IsEmptyForHmac) {
  for (const Algorithm algorithm : kSymmetric) EXPECT_EQ(keys().at(algorithm).id(), "");
}

TEST(Key, ThrowsWhereItsKindCannotDoWhatIsAsked) {
  for (const Algorithm algorithm : kSymmetric) {
    EXPECT_THROW(Key::generate(algorithm), std::logic_error);
    EXPECT_THROW((void)Key::from_private_der(algorithm, ""), std::logic_error);
    EXPECT_THROW(keys().at(algorithm).public_jwk(), std::logic_error);
    EXPECT_THROW(keys().at(algorithm).private_der(), std::logic_error);
    EXPECT_THROW(hmac_key(algorithm, ""), std::logic_error);
  }
  for (const Algorithm algorithm : kAsymmetric) {
    EXPECT_THROW(hmac_key(algorithm, "secret"), std::logic_error);
    const Key verifier = Key::from_jwk(algorithm, keys().at(algorithm).public_jwk()).value();
    EXPECT_FALSE(verifier.can_sign());
    EXPECT_THROW(verifier.sign("message"), std::logic_error);
    EXPECT_THROW(verifier.private_der(), std::logic_error);
    EXPECT_TRUE(keys().at(algorithm).can_sign());
  }
}

RC_GTEST_PROP(Key, VerifiesWhatItSigned, (const std::string& message)) {
  for (const auto& [algorithm, key] : keys()) RC_ASSERT(key.verify(message, key.sign(message)));
}

RC_GTEST_PROP(Key, RefusesAnyFlippedBit, (const std::string& text)) {
  const std::string message = text + '.';
  for (const auto& [algorithm, key] : keys()) {
    std::string signature = key.sign(message);
    std::string other = message;
    std::string& victim = *rc::gen::arbitrary<bool>() ? signature : other;
    const auto bit = *rc::gen::inRange<std::size_t>(0, victim.size() * 8);
    victim[bit / 8] = static_cast<char>(victim[bit / 8] ^ (1 << bit % 8));
    RC_ASSERT(!key.verify(other, signature));
  }
}

}  // namespace
}  // namespace kriya::crypto
