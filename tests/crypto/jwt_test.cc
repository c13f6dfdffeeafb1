#include "crypto/jwt.h"

#include <string>
#include <vector>

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/encoding.h"
#include "crypto/random.h"
#include "rfc_vectors.h"

namespace kriya::crypto {
namespace {

constexpr std::string_view kClaims = R"({"sub":"42","exp":1732286400})";

Key key_of(Algorithm algorithm, std::string_view jwk) { return Key::from_jwk(algorithm, vectors::parse(jwk)).value(); }

Key shared_secret(Algorithm algorithm) {
  return Key::from_secret(algorithm, Secret("0123456789abcdef0123456789abcdef"));
}

// Made on first use, not at start: CTest starts the program once for every test there is.
const Key& hs256() {
  static const Key key = shared_secret(Algorithm::hs256);
  return key;
}
const Key& hs384() {
  static const Key key = shared_secret(Algorithm::hs384);
  return key;
}
const Key& hs512() {
  static const Key key = shared_secret(Algorithm::hs512);
  return key;
}
const Key& rs256() {
  static const Key key = key_of(Algorithm::rs256, vectors::kRs256PrivateJwk);  // making an RSA key takes 0.1 s or more
  return key;
}
const Key& es256() {
  static const Key key = Key::generate(Algorithm::es256);
  return key;
}
const Key& eddsa() {
  static const Key key = Key::generate(Algorithm::eddsa);
  return key;
}
const std::vector<Key>& all_keys() {
  static const std::vector<Key> keys = {hs256(), hs384(), hs512(), rs256(), es256(), eddsa()};
  return keys;
}

/// A token with any header and payload, signed as if both were fine.
std::string forge(const Key& key, std::string_view header, std::string_view payload = kClaims) {
  const std::string text = base64url_encode(header) + '.' + base64url_encode(payload);
  return text + '.' + base64url_encode(key.sign(text));
}

bool verifies(std::string_view token, const std::vector<Key>& keys = all_keys()) {
  const auto claims = verify_jwt(token, keys);
  if (!claims) EXPECT_EQ(claims.error().code, Errc::invalid_token);
  return claims.has_value();
}

// ---- Published tokens -------------------------------------------------------------------------------------------

TEST(JwtVerify, AcceptsTheTokensOfRfc7515) {
  const std::vector<Key> keys = {key_of(Algorithm::hs256, vectors::kHs256Jwk),
                                 key_of(Algorithm::rs256, vectors::kRs256PrivateJwk),
                                 key_of(Algorithm::es256, vectors::kEs256PrivateJwk)};
  for (const std::string& token : {vectors::kHs256Token, vectors::kRs256Token, vectors::kEs256Token}) {
    const auto claims = verify_jwt(token, keys);
    ASSERT_TRUE(claims.has_value()) << claims.error().detail;
    EXPECT_EQ(claims->at("iss"), "joe");
    EXPECT_EQ(claims->at("exp"), 1300819380);
    EXPECT_EQ(claims->at("http://example.com/is_root"), true);
  }
}

TEST(JwtVerify, RefusesASignedTokenWhosePayloadIsNoJson) {  // RFC 8037 A.4: the signature itself is good
  const std::string token = std::string(vectors::kEd25519Message) + '.' + std::string(vectors::kEd25519Signature);
  EXPECT_FALSE(verifies(token, {key_of(Algorithm::eddsa, vectors::kEd25519PrivateJwk)}));
}

TEST(JwtVerify, RefusesTheUnsecuredTokenOfRfc7519) {
  EXPECT_FALSE(
      verifies("eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvb"
               "S9pc19yb290Ijp0cnVlfQ."));
}

// ---- Signing ----------------------------------------------------------------------------------------------------

TEST(JwtSign, NamesAlgorithmTypeAndAsymmetricKey) {
  for (const Key& key : all_keys()) {
    json::object expected{{"alg", name(key.algorithm())}, {"typ", "JWT"}};
    if (!key.id().empty()) expected["kid"] = key.id();
    EXPECT_EQ(decode_without_verifying(sign_jwt(key, kClaims))->header, expected);
  }
}

TEST(JwtSign, MakesTheSameHmacTokenAsNpmJose) {
  EXPECT_EQ(sign_jwt(hs256(), kClaims),
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiI0MiIsImV4cCI6MTczMjI4NjQwMH0.-"
            "xzGZnpAheigINBB3BWStWGygC7qFKAGjI9XA4_Vp4U");
}

RC_GTEST_PROP(JwtVerify, ReturnsTheClaimsThatWereSigned, (std::int64_t number, const std::string& bytes)) {
  const json::object claims{{"n", number}, {"text", base64url_encode(bytes)}, {"deep", json::array{1, nullptr}}};
  const std::string text = json::serialize(claims);
  for (const Key& key : all_keys()) {
    const auto verified = verify_jwt(sign_jwt(key, text), all_keys());
    RC_ASSERT(verified.has_value());
    RC_ASSERT(*verified == claims);
  }
}

RC_GTEST_PROP(JwtVerify, RefusesAnyChangedCharacter, ()) {
  const Key& key = *rc::gen::elementOf(all_keys());
  std::string token = sign_jwt(key, kClaims);
  const auto at = *rc::gen::inRange<std::size_t>(0, token.size());
  const char changed = *rc::gen::arbitrary<char>();
  RC_PRE(token[at] != changed);
  token[at] = changed;
  RC_ASSERT(!verify_jwt(token, all_keys()));
}

RC_GTEST_PROP(JwtVerify, RefusesAnyCutOrInsertion, ()) {
  const Key& key = *rc::gen::elementOf(all_keys());
  const std::string token = sign_jwt(key, kClaims);
  const auto at = *rc::gen::inRange<std::size_t>(0, token.size());
  std::string longer = token;
  longer.insert(at, 1, *rc::gen::arbitrary<char>());
  std::string shorter = token;
  shorter.erase(at, 1);
  RC_ASSERT(!verify_jwt(token.substr(0, at), all_keys()));
  RC_ASSERT(!verify_jwt(longer, all_keys()));
  RC_ASSERT(!verify_jwt(shorter, all_keys()));
}

// ---- Keys -------------------------------------------------------------------------------------------------------

TEST(JwtVerify, RefusesEverythingWithoutKeys) {
  for (const Key& key : all_keys()) EXPECT_FALSE(verifies(sign_jwt(key, kClaims), {}));
}

TEST(JwtVerify, AcceptsAnyKeyOfARotation) {
  const Key older = Key::from_secret(Algorithm::hs256, Secret("an older secret of 32 or so bytes"));
  const Key unknown = Key::from_secret(Algorithm::hs256, Secret("a secret that nobody here has got"));
  EXPECT_TRUE(verifies(sign_jwt(hs256(), kClaims), {hs256(), older}));
  EXPECT_TRUE(verifies(sign_jwt(older, kClaims), {hs256(), older}));
  EXPECT_FALSE(verifies(sign_jwt(unknown, kClaims), {hs256(), older}));
  const Key older_ec = Key::generate(Algorithm::es256);
  EXPECT_TRUE(verifies(sign_jwt(older_ec, kClaims), {es256(), older_ec}));
  EXPECT_TRUE(verifies(forge(older_ec, R"({"alg":"ES256"})"), {es256(), older_ec}));
}

TEST(JwtVerify, LetsEachKeyVerifyItsOwnAlgorithmOnly) {
  for (const Key& signer : all_keys()) {
    for (const Key& verifier : all_keys()) {
      EXPECT_EQ(verifies(sign_jwt(signer, kClaims), {verifier}), signer.algorithm() == verifier.algorithm());
    }
  }
}

TEST(JwtVerify, RefusesAnAlgorithmSwappedForOneOfTheSameSecret) {
  // All three HMAC keys share one secret: a token must still say the algorithm that made it.
  EXPECT_FALSE(verifies(forge(hs512(), R"({"alg":"HS256"})")));
  EXPECT_FALSE(verifies(forge(hs256(), R"({"alg":"HS512"})")));
  EXPECT_FALSE(verifies(forge(hs384(), R"({"alg":"HS512"})")));
  EXPECT_FALSE(verifies(forge(es256(), R"({"alg":"EdDSA"})")));  // both signatures have 64 bytes
  EXPECT_FALSE(verifies(forge(eddsa(), R"({"alg":"ES256"})")));
}

TEST(JwtVerify, RefusesHs256SignedWithThePublicKeyOfAnRs256Issuer) {
  const json::object jwk = rs256().public_jwk();
  for (const std::string& known : {json::serialize(jwk), std::string(jwk.at("n").as_string()),
                                   vectors::bytes(jwk.at("n").as_string()), rs256().id()}) {
    const Key confused = Key::from_secret(Algorithm::hs256, Secret(known));
    EXPECT_FALSE(verifies(sign_jwt(confused, kClaims), {rs256()}));
    EXPECT_FALSE(verifies(sign_jwt(confused, kClaims), all_keys()));
    EXPECT_FALSE(verifies(forge(confused, R"({"alg":"RS256"})"), {rs256()}));
  }
}

TEST(JwtVerify, RefusesAKeyThatTheTokenBrings) {
  const Key mine = Key::generate(Algorithm::es256);
  json::object header{{"alg", "ES256"},
                      {"jwk", mine.public_jwk()},
                      {"jku", "https://evil.example/jwks"},
                      {"x5u", "https://evil.example/x"},
                      {"x5c", json::array{"MIIB"}}};
  EXPECT_FALSE(verifies(forge(mine, json::serialize(header))));
  header["kid"] = es256().id();
  EXPECT_FALSE(verifies(forge(mine, json::serialize(header))));
  EXPECT_TRUE(verifies(forge(es256(), json::serialize(header))));  // ignored, not refused
}

// ---- Header -----------------------------------------------------------------------------------------------------

TEST(JwtVerify, RefusesEverySpellingOfNone) {
  for (const char* alg : {"none", "None", "NONE", "nOnE", "", " none", "null"}) {
    const std::string text =
        base64url_encode(std::string(R"({"alg":")") + alg + "\"}") + '.' + base64url_encode(kClaims);
    EXPECT_FALSE(verifies(text + '.')) << alg;
    EXPECT_FALSE(verifies(text)) << alg;
    EXPECT_FALSE(verifies(text + '.' + base64url_encode(hs256().sign(text)))) << alg;
  }
}

TEST(JwtVerify, RefusesAnAlgorithmThatIsNoExactName) {
  for (const char* header : {R"({})", R"({"typ":"JWT"})", R"({"alg":null})", R"({"alg":256})", R"({"alg":["HS256"]})",
                             R"({"alg":{"a":1}})", R"({"alg":true})", R"({"alg":"hs256"})", R"({"alg":"HS256 "})",
                             R"({"alg":"HS256\u0000"})", R"({"ALG":"HS256"})", R"({"alg":"HS256,HS512"})",
                             R"({"alg":"HMAC"})", R"({"alg":"PS256"})", R"({"alg ":"HS256"})"}) {
    EXPECT_FALSE(verifies(forge(hs256(), header))) << header;
  }
}

TEST(JwtVerify, AcceptsHeadersThatAreOnlySpelledUnusually) {
  for (const char* header :
       {R"({"alg":"HS256"})", " { \"alg\" :\r\n\"HS256\"\t} ", R"({"\u0061lg":"HS\u0032\u0035\u0036"})",
        R"({"alg":"HS256","typ":"jwt"})", R"({"alg":"HS256","typ":"Jwt","x":[{"alg":"none"}]})",
        R"({"alg":"HS256","cty":"text/plain","jku":7})"}) {
    EXPECT_TRUE(verifies(forge(hs256(), header))) << header;
  }
}

TEST(JwtVerify, RefusesDuplicateMembersAtEveryDepth) {
  for (const char* header :
       {R"({"alg":"none","alg":"HS256"})", R"({"alg":"HS256","alg":"HS256"})", R"({"alg":"HS256","a\u006cg":"none"})",
        R"({"alg":"HS256","x":{"y":1,"y":2}})", R"({"alg":"HS256","x":[{"y":1,"y":2}]})"}) {
    EXPECT_FALSE(verifies(forge(hs256(), header))) << header;
  }
  EXPECT_FALSE(verifies(forge(hs256(), R"({"alg":"HS256"})", R"({"sub":"1","sub":"2"})")));
  EXPECT_FALSE(verifies(forge(hs256(), R"({"alg":"HS256"})", R"({"a":{"sub":"1","sub":"2"}})")));
}

TEST(JwtVerify, RefusesAnyExtension) {
  for (const char* header : {R"({"alg":"HS256","crit":["exp"],"exp":1})", R"({"alg":"HS256","crit":[]})",
                             R"({"alg":"HS256","crit":null})", R"({"alg":"HS256","b64":false,"crit":["b64"]})",
                             R"({"alg":"HS256","b64":true})", R"({"alg":"HS256","b64":false})"}) {
    EXPECT_FALSE(verifies(forge(hs256(), header))) << header;
  }
}

TEST(JwtVerify, RefusesAnotherType) {
  for (const char* header :
       {R"({"alg":"HS256","typ":"at+jwt"})", R"({"alg":"HS256","typ":"JWT "})", R"({"alg":"HS256","typ":""})",
        R"({"alg":"HS256","typ":"application/jwt"})", R"({"alg":"HS256","typ":"JWT\u0000"})",
        R"({"alg":"HS256","typ":null})", R"({"alg":"HS256","typ":["JWT"]})", R"({"alg":"HS256","typ":"JOSE"})"}) {
    EXPECT_FALSE(verifies(forge(hs256(), header))) << header;
  }
}

TEST(JwtVerify, DemandsAKeyIdThatNamesTheKey) {
  for (const Key& key : {rs256(), es256(), eddsa()}) {
    const std::string start = R"({"alg":")" + std::string(name(key.algorithm())) + R"(","kid":)";
    EXPECT_TRUE(verifies(forge(key, start + '"' + key.id() + "\"}")));
    for (const std::string& kid :
         {std::string(R"("")"), std::string(R"("other")"), '"' + key.id() + " \"", '"' + key.id() + "\\u0000\"",
          '"' + key.id().substr(1) + '"', std::string(R"("../../dev/null")"), std::string("null"), std::string("1"),
          "[\"" + key.id() + "\"]"}) {
      EXPECT_FALSE(verifies(forge(key, start + kid + '}'))) << kid;
    }
    EXPECT_FALSE(verifies(forge(key, start + '"' + (key.id() == es256().id() ? eddsa() : es256()).id() + "\"}")));
  }
}

TEST(JwtVerify, IgnoresTheKeyIdOfAnHmacTokenUnlessItIsNoString) {
  EXPECT_TRUE(verifies(forge(hs256(), R"({"alg":"HS256","kid":"whatever"})")));
  EXPECT_TRUE(verifies(forge(hs256(), R"({"alg":"HS256","kid":""})")));
  for (const char* kid : {"null", "1", "true", "[]", R"(["a"])", "{}"}) {
    EXPECT_FALSE(verifies(forge(hs256(), std::string(R"({"alg":"HS256","kid":)") + kid + '}'))) << kid;
  }
}

TEST(JwtVerify, RefusesPartsThatAreNoJsonObject) {
  for (const std::string& text :
       {std::string(), std::string("[]"), std::string("null"), std::string("\"HS256\""), std::string("1"),
        std::string("{"), std::string("{\"alg\":\"HS256\"}x"), std::string("{\"alg\":\"HS256\",}"),
        std::string("\xef\xbb\xbf{\"alg\":\"HS256\"}"), std::string("{\"alg\":\"HS256\"}\0", 16),
        std::string("\0{\"alg\":\"HS256\"}", 16), std::string("{\"alg\":\"HS256\",\"x\":\"\xff\"}"),
        std::string("{'alg':'HS256'}"), std::string("{\"alg\":\"HS256\"}{\"alg\":\"HS256\"}"),
        "{\"alg\":\"HS256\",\"x\":" + std::string(40, '[') + std::string(40, ']') + "}"}) {
    EXPECT_FALSE(verifies(forge(hs256(), text))) << text;
    EXPECT_FALSE(verifies(forge(hs256(), R"({"alg":"HS256"})", text))) << text;
    EXPECT_FALSE(decode_without_verifying(forge(hs256(), text))) << text;
    EXPECT_FALSE(decode_without_verifying(forge(hs256(), R"({"alg":"HS256"})", text))) << text;
  }
}

TEST(JwtVerify, RefusesNumbersThatJsonDoesNotHave) {
  for (const char* number : {"NaN", "Infinity", "-Infinity", "0x10", "01", "+1", "1.", ".5", "1e", "--1"}) {
    EXPECT_FALSE(verifies(forge(hs256(), R"({"alg":"HS256"})", std::string(R"({"exp":)") + number + '}'))) << number;
  }
}

// ---- Form -------------------------------------------------------------------------------------------------------

TEST(JwtVerify, RefusesAnythingButThreeParts) {
  const std::string token = sign_jwt(hs256(), kClaims);
  const std::size_t first = token.find('.');
  const std::size_t second = token.rfind('.');
  for (const std::string& text :
       {std::string(), std::string("."), std::string(".."), std::string("..."), std::string("...."),
        token.substr(0, first), token.substr(0, second), token.substr(0, second + 1), token + '.', '.' + token,
        token + "..", token + ".e30.e30", token.substr(0, first) + ".." + token.substr(second + 1), token.substr(first),
        token.substr(first + 1), token.substr(0, first) + '.' + token.substr(first)}) {
    EXPECT_FALSE(verifies(text)) << text;
    if (text != token.substr(0, second + 1)) EXPECT_FALSE(decode_without_verifying(text)) << text;
  }
}

TEST(JwtVerify, RefusesBytesAroundTheToken) {
  const std::string token = sign_jwt(hs256(), kClaims);
  ASSERT_TRUE(verifies(token));
  for (const std::string& extra : {std::string(" "), std::string("\n"), std::string("\r\n"), std::string("\t"),
                                   std::string("="), std::string("\0", 1), std::string("%20"), std::string(",")}) {
    EXPECT_FALSE(verifies(token + extra));
    EXPECT_FALSE(verifies(extra + token));
    const std::size_t dot = token.find('.');
    EXPECT_FALSE(verifies(token.substr(0, dot) + extra + token.substr(dot)));
    EXPECT_FALSE(verifies(token.substr(0, dot + 1) + extra + token.substr(dot + 1)));
  }
  EXPECT_FALSE(verifies("Bearer " + token));
}

TEST(JwtVerify, RefusesASecondSpellingOfTheSameBytes) {
  const std::string token = sign_jwt(hs256(), kClaims);  // 32 bytes of MAC: the last character has two stray bits
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  for (const char last : alphabet) {
    EXPECT_EQ(verifies(token.substr(0, token.size() - 1) + last), last == token.back()) << last;
  }
  // The same with the stray bits under the signature: in header and payload.
  for (const std::string& text : {std::string("eyJhbGciOiJIUzI1NiJ9.e31"), std::string("eyJhbGciOiJIUzI1NiJ9IB.e30")}) {
    EXPECT_FALSE(verifies(text + '.' + base64url_encode(hs256().sign(text)))) << text;
  }
  const std::string standard = "eyJhbGciOiJIUzI1NiJ9.eyJhIjoiPz8/In0";  // '/' of the other alphabet
  EXPECT_FALSE(verifies(standard + '.' + base64url_encode(hs256().sign(standard))));
}

TEST(JwtVerify, RefusesTokensOverTheLimit) {
  const auto token_of = [](std::size_t text) {
    return sign_jwt(hs256(), R"({"x":")" + std::string(text, 'x') + "\"}");
  };
  std::size_t text = 6000;
  while (token_of(text + 1).size() <= kMaxTokenBytes) ++text;
  EXPECT_TRUE(verifies(token_of(text)));
  EXPECT_FALSE(verifies(token_of(text + 1)));
  EXPECT_FALSE(decode_without_verifying(token_of(text + 1)));
  EXPECT_FALSE(verifies(std::string(100'000, 'A')));
  EXPECT_FALSE(verifies(std::string(100'000, '.')));
}

TEST(JwtVerify, RefusesAMacThatIsCut) {
  const std::string text = base64url_encode(R"({"alg":"HS256"})") + '.' + base64url_encode(kClaims);
  const std::string mac = hs256().sign(text);
  for (std::size_t size = 0; size < mac.size(); ++size) {
    EXPECT_FALSE(verifies(text + '.' + base64url_encode(mac.substr(0, size)))) << size;
  }
  EXPECT_FALSE(verifies(text + '.' + base64url_encode(mac + '\0')));
  EXPECT_FALSE(verifies(text + '.' + base64url_encode(mac + mac)));
  EXPECT_TRUE(verifies(text + '.' + base64url_encode(mac)));
}

TEST(JwtVerify, TellsNothingOfTheTokenItRefuses) {
  const std::string token =
      forge(hs256(), R"({"alg":"HS512","kid":"look-at-me"})", R"({"phone_number":"+14155550123"})");
  const auto claims = verify_jwt(token, all_keys());
  ASSERT_FALSE(claims);
  for (const char* part : {"look-at-me", "4155", "HS512"})
    EXPECT_EQ(claims.error().detail.find(part), std::string::npos);
}

TEST(JwtDecode, ReadsATokenThatNobodyCanVerify) {
  const auto decoded =
      decode_without_verifying(base64url_encode(R"({"alg":"none"})") + '.' + base64url_encode(R"({"sub":"42"})") + '.');
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->header.at("alg"), "none");
  EXPECT_EQ(decoded->claims.at("sub"), "42");
}

}  // namespace
}  // namespace kriya::crypto
