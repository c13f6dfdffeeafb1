// Key::from_jwk and Key::public_jwk: what a JSON Web Key must be to become a key.
#include <string>

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "crypto/key.h"
#include "crypto/random.h"
#include "rfc_vectors.h"

namespace kriya::crypto {
namespace {

using vectors::parse;

const json::object kRsa = parse(vectors::kRs256PrivateJwk);
const json::object kEc = parse(vectors::kEs256PrivateJwk);
const json::object kOkp = parse(vectors::kEd25519PrivateJwk);
const json::object kOct = parse(vectors::kHs256Jwk);

json::object with(json::object jwk, std::string_view member, json::value value) {
  jwk[member] = std::move(value);
  return jwk;
}

json::object with(json::object jwk, std::string_view member, std::string_view text) {
  return with(std::move(jwk), member, json::value(text));
}

json::object with(json::object jwk, std::string_view member, const char* text) {
  return with(std::move(jwk), member, json::value(text));
}

json::object without(json::object jwk, std::string_view member) {
  jwk.erase(member);
  return jwk;
}

/// The member that a refusal names; "accepted" when there is none.
std::string refused_member(Algorithm algorithm, const json::object& jwk) {
  const auto key = Key::from_jwk(algorithm, jwk);
  if (key) return "accepted";
  EXPECT_EQ(key.error().code, Errc::bad_request);
  const std::string& detail = key.error().detail;
  const std::size_t start = detail.find('"') + 1;
  return detail.substr(start, detail.find('"', start) - start);
}

TEST(JwkThumbprint, MatchesRfc7638) {
  const Key key = Key::from_jwk(Algorithm::rs256, parse(R"({"kty":"RSA","e":"AQAB","alg":"RS256","kid":"2011-04-29",)"
                                                        R"("n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4)"
                                                        R"(cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3)"
                                                        R"(oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5)"
                                                        R"(v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu)"
                                                        R"(6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0f)"
                                                        R"(M4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awa)"
                                                        R"(pJzKnqDKgw"})"))
                      .value();
  EXPECT_EQ(key.id(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

TEST(JwkThumbprint, MatchesRfc8037) {
  EXPECT_EQ(Key::from_jwk(Algorithm::eddsa, kOkp)->id(), vectors::kEd25519Thumbprint);
}

TEST(JwkThumbprint, OfP256MatchesNpmJose) {
  EXPECT_EQ(Key::from_jwk(Algorithm::es256, kEc)->id(), "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U");
}

TEST(PublicJwk, HoldsThePublicHalfAndNothingElse) {
  json::object expected = parse(R"({"kty":"RSA","e":"AQAB","alg":"RS256","use":"sig"})");
  expected["n"] = kRsa.at("n");
  expected["kid"] = "IsUn6_e04MaShXFIISMp4kG62LWzMIPy_MvSA5pJgX8";  // computed with npm jose
  EXPECT_EQ(Key::from_jwk(Algorithm::rs256, kRsa)->public_jwk(), expected);
}

TEST(PublicJwk, ReadsBackAsAKeyThatVerifies) {
  for (const Algorithm algorithm : {Algorithm::rs256, Algorithm::es256, Algorithm::eddsa}) {
    const Key key = Key::generate(algorithm);
    const Key verifier = Key::from_jwk(algorithm, key.public_jwk()).value();
    EXPECT_EQ(verifier.id(), key.id());
    EXPECT_EQ(verifier.public_jwk(), key.public_jwk());
    EXPECT_TRUE(verifier.verify("message", key.sign("message")));
    EXPECT_FALSE(verifier.verify("massage", key.sign("message")));
  }
}

TEST(FromJwk, TakesPrivateKeysOfEveryKind) {
  EXPECT_TRUE(Key::from_jwk(Algorithm::rs256, kRsa)->can_sign());
  EXPECT_TRUE(Key::from_jwk(Algorithm::es256, kEc)->can_sign());
  EXPECT_TRUE(Key::from_jwk(Algorithm::eddsa, kOkp)->can_sign());
  EXPECT_TRUE(Key::from_jwk(Algorithm::hs256, kOct)->can_sign());
}

TEST(FromJwk, RefusesAnotherKeyType) {
  EXPECT_EQ(refused_member(Algorithm::hs256, kRsa), "kty");
  EXPECT_EQ(refused_member(Algorithm::hs256, kEc), "kty");
  EXPECT_EQ(refused_member(Algorithm::rs256, kOct), "kty");
  EXPECT_EQ(refused_member(Algorithm::rs256, kEc), "kty");
  EXPECT_EQ(refused_member(Algorithm::es256, kOkp), "kty");
  EXPECT_EQ(refused_member(Algorithm::eddsa, kEc), "kty");
  EXPECT_EQ(refused_member(Algorithm::es256, without(kEc, "kty")), "kty");
  EXPECT_EQ(refused_member(Algorithm::es256, with(kEc, "kty", "ec")), "kty");
  EXPECT_EQ(refused_member(Algorithm::es256, with(kEc, "kty", 1)), "kty");
  EXPECT_EQ(refused_member(Algorithm::es256, {}), "kty");
}

TEST(FromJwk, RefusesAnotherCurve) {
  for (const json::value& crv : {json::value("P-384"), json::value("secp256k1"), json::value("p-256"), json::value()}) {
    EXPECT_EQ(refused_member(Algorithm::es256, with(kEc, "crv", crv)), "crv");
  }
  EXPECT_EQ(refused_member(Algorithm::es256, without(kEc, "crv")), "crv");
  EXPECT_EQ(refused_member(Algorithm::eddsa, with(kOkp, "crv", "X25519")), "crv");
  EXPECT_EQ(refused_member(Algorithm::eddsa, with(kOkp, "crv", "Ed448")), "crv");
}

TEST(FromJwk, RefusesAKeyMeantForSomethingElse) {
  EXPECT_EQ(refused_member(Algorithm::hs256, with(kOct, "alg", "HS512")), "alg");
  EXPECT_EQ(refused_member(Algorithm::rs256, with(kRsa, "alg", "PS256")), "alg");
  EXPECT_EQ(refused_member(Algorithm::rs256, with(kRsa, "alg", json::value())), "alg");
  EXPECT_EQ(refused_member(Algorithm::rs256, with(kRsa, "use", "enc")), "use");
  EXPECT_EQ(refused_member(Algorithm::rs256, with(kRsa, "key_ops", parse(R"({"a":["encrypt"]})").at("a"))), "key_ops");
  EXPECT_EQ(refused_member(Algorithm::rs256, with(kRsa, "key_ops", "sign")), "key_ops");
}

TEST(FromJwk, AcceptsMembersThatSayTheSame) {
  EXPECT_EQ(refused_member(Algorithm::hs256, with(kOct, "alg", "HS256")), "accepted");
  EXPECT_EQ(refused_member(Algorithm::es256, with(kEc, "use", "sig")), "accepted");
  EXPECT_EQ(refused_member(Algorithm::es256, with(kEc, "key_ops", parse(R"({"a":["x","sign"]})").at("a"))), "accepted");
  EXPECT_EQ(refused_member(Algorithm::es256, with(kEc, "x5t", 1)), "accepted");
}

TEST(FromJwk, RefusesHmacSecretsShorterThanTheMac) {
  for (const auto& [algorithm, size] :
       {std::pair{Algorithm::hs256, 32U}, {Algorithm::hs384, 48U}, {Algorithm::hs512, 64U}}) {
    const auto jwk = [&](std::size_t bytes) { return with(kOct, "k", base64url_encode(random_bytes(bytes))); };
    EXPECT_EQ(refused_member(algorithm, jwk(size)), "accepted");
    EXPECT_EQ(refused_member(algorithm, jwk(size - 1)), "k");
    EXPECT_EQ(refused_member(algorithm, jwk(0)), "k");
  }
  EXPECT_EQ(refused_member(Algorithm::hs256, without(kOct, "k")), "k");
}

TEST(FromJwk, RefusesMembersThatAreNotCanonicalBase64url) {
  const std::string x(kEc.at("x").as_string());  // 43 characters: the last one holds 2 stray bits
  const std::string start = x.substr(0, 42);
  for (const std::string& text :
       {x + "=", " " + x, x + "\n", start + "V", start + "+", start + "/", x + std::string(1, '\0')}) {
    EXPECT_EQ(refused_member(Algorithm::es256, with(kEc, "x", text)), "x") << text;
  }
  EXPECT_EQ(refused_member(Algorithm::es256, with(kEc, "y", 5)), "y");
  EXPECT_EQ(refused_member(Algorithm::es256, without(kEc, "y")), "y");
}

TEST(FromJwk, RefusesCoordinatesOfOtherLengths) {
  const std::string x = vectors::bytes(kEc.at("x").as_string());
  for (const std::string& bytes : {std::string(), x.substr(0, 31), '\0' + x, x + '\0'}) {
    const std::string text = base64url_encode(bytes);
    for (const char* member : {"x", "y", "d"})
      EXPECT_EQ(refused_member(Algorithm::es256, with(kEc, member, text)), member);
    for (const char* member : {"x", "d"}) EXPECT_EQ(refused_member(Algorithm::eddsa, with(kOkp, member, text)), member);
  }
}

TEST(FromJwk, RefusesPointsOffTheCurve) {
  const json::object public_ec = without(kEc, "d");
  const std::string zero = base64url_encode(std::string(32, '\0'));
  EXPECT_EQ(refused_member(Algorithm::es256, with(public_ec, "x", public_ec.at("y"))), "x");
  EXPECT_EQ(refused_member(Algorithm::es256, with(with(public_ec, "x", zero), "y", zero)), "x");
  EXPECT_EQ(refused_member(Algorithm::es256, with(public_ec, "x", base64url_encode(std::string(32, '\xff')))), "x");
  EXPECT_EQ(
      refused_member(Algorithm::eddsa, with(without(kOkp, "d"), "x", base64url_encode("\x02" + std::string(31, '\0')))),
      "x");
  EXPECT_EQ(refused_member(Algorithm::eddsa, with(without(kOkp, "d"), "x", zero)), "x");
}

TEST(FromJwk, RefusesAPrivateHalfOfAnotherKey) {
  const std::string scalar = base64url_encode("\x01" + random_bytes(31));
  EXPECT_EQ(refused_member(Algorithm::es256, with(kEc, "d", scalar)), "d");
  EXPECT_EQ(refused_member(Algorithm::es256, with(kEc, "d", base64url_encode(std::string(32, '\0')))), "d");
  EXPECT_EQ(refused_member(Algorithm::es256, with(kEc, "d", base64url_encode(std::string(32, '\xff')))), "d");
  EXPECT_EQ(refused_member(Algorithm::eddsa, with(kOkp, "d", scalar)), "d");
}

TEST(FromJwk, RefusesRsaPrivateKeysThatAreIncompleteOrInconsistent) {
  for (const char* member : {"n", "e", "p", "q", "dp", "dq", "qi"}) {
    EXPECT_EQ(refused_member(Algorithm::rs256, without(kRsa, member)), member);
  }
  for (const char* member : {"d", "p", "q", "dp", "dq", "qi"}) {
    std::string bytes = vectors::bytes(kRsa.at(member).as_string());
    bytes.back() = static_cast<char>(bytes.back() ^ 2);
    EXPECT_EQ(refused_member(Algorithm::rs256, with(kRsa, member, base64url_encode(bytes))), "n") << member;
  }
  EXPECT_EQ(refused_member(Algorithm::rs256, with(kRsa, "oth", json::array{})), "oth");
}

TEST(FromJwk, RefusesRsaModuliOfOtherSizes) {
  const auto problem = [](std::string modulus) {
    modulus.back() = static_cast<char>(modulus.back() | 1);
    const json::object jwk = with(parse(R"({"kty":"RSA","e":"AQAB"})"), "n", base64url_encode(modulus));
    const auto key = Key::from_jwk(Algorithm::rs256, jwk);
    return key ? "accepted" : key.error().detail;
  };
  const std::string size = "JWK member \"n\" must have 2048 to 4096 bits.";
  EXPECT_EQ(problem("\x80" + random_bytes(127)), size);
  EXPECT_EQ(problem("\x7f" + random_bytes(255)), size);  // 2047 bits
  EXPECT_EQ(problem("\x01" + random_bytes(512)), size);  // 4097 bits
  EXPECT_EQ(problem("\x01" + random_bytes(90'000)), "JWK member \"n\" is too large.");
}

TEST(FromJwk, RefusesRsaModuliThatAreNoSoundNumbers) {
  const json::object key = parse(R"({"kty":"RSA","e":"AQAB"})");
  const std::string n = vectors::bytes(kRsa.at("n").as_string());
  for (const std::string& modulus : {std::string(), '\0' + n, n.substr(0, 255) + '\x02', std::string(256, '\xff')}) {
    EXPECT_EQ(refused_member(Algorithm::rs256, with(key, "n", base64url_encode(modulus))), "n");
  }
}

TEST(FromJwk, RefusesRsaExponentsThatAreEvenTinyOrHuge) {
  const json::object key = without(kRsa, "d");
  const auto exponent = [&](const std::string& hex) {
    return with(key, "e", base64url_encode(vectors::from_hex(hex)));
  };
  EXPECT_EQ(refused_member(Algorithm::rs256, exponent("010001")), "accepted");
  EXPECT_EQ(refused_member(Algorithm::rs256, exponent("010003")), "accepted");
  for (const char* hex : {"", "00", "01", "02", "03", "ffff", "010000", "00010001", "010000000000000001"}) {
    EXPECT_EQ(refused_member(Algorithm::rs256, exponent(hex)), "e") << hex;
  }
}

TEST(FromJwk, NeverQuotesTheSecretItRefuses) {
  const std::string secret = base64url_encode(random_bytes(31));
  const auto key = Key::from_jwk(Algorithm::hs256, with(kOct, "k", secret));
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().detail.find(secret), std::string::npos);
}

}  // namespace
}  // namespace kriya::crypto
