// Any bytes as a token: nothing may crash, and nothing may verify that its key did not sign.
//
// The keys are fixed, so that the corpus may hold tokens that verify: the HMAC secret is sixteen times "jwt_fuzz.", the
// others are the private keys of RFC 7515 A.3 and RFC 8037 A.1.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/encoding.h"
#include "base/json.h"
#include "crypto/jwt.h"
#include "identity/user_token.h"

namespace {

using namespace kriya;
using namespace kriya::crypto;

/// Unlike assert, also in optimised builds.
void demand(bool held) {
  if (!held) std::abort();
}

Key read_key(Algorithm algorithm, std::string_view jwk) {
  return Key::from_jwk(algorithm, parse_json(jwk).value().as_object()).value();
}

std::string fixed_secret() {
  std::string secret;
  for (int i = 0; i < 16; ++i) secret += "jwt_fuzz.";
  return secret;
}

std::vector<Key> fixed_keys() {
  return {Key::from_secret(Algorithm::hs256, Secret(fixed_secret())),
          read_key(Algorithm::es256, R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"})"),
          read_key(Algorithm::eddsa, R"({"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
            "d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"})")};
}

std::string_view signed_text(std::string_view token) { return token.substr(0, token.rfind('.')); }
std::string_view signature_text(std::string_view token) { return token.substr(token.rfind('.') + 1); }

/// What must be true of every token that verifies.
void check_verified(std::string_view token, const json::object& claims, const std::vector<Key>& keys) {
  const auto decoded = decode_without_verifying(token);
  demand(decoded.has_value() && decoded->claims == claims);
  const auto algorithm = parse_algorithm(std::string_view(decoded->header.at("alg").as_string()));
  demand(algorithm.has_value() && !decoded->header.contains("crit") && !decoded->header.contains("b64"));
  for (const Key& key : keys) {
    demand(verify_jwt(token, {&key, 1}).has_value() == (key.algorithm() == *algorithm));
    if (key.algorithm() != *algorithm) continue;
    // ES256 signatures are random; the others have one spelling, and this is it.
    const std::string again = base64url_encode(key.sign(signed_text(token)));
    demand(*algorithm == Algorithm::es256 ? again.size() == signature_text(token).size()
                                          : again == signature_text(token));
  }
}

/// Claims of anybody's choice under a good signature are a user's token or refused, and nothing else happens.
void check_as_user_token(std::string_view token, const Key& key) {
  static const SystemClock clock;
  static const identity::KeyRing ring = identity::KeyRing::from_secrets(Algorithm::hs256, Secret(fixed_secret()), {});
  static const identity::UserTokens tokens(ring, {.audience = "http://localhost:8001"}, clock);
  const auto said = tokens.read(token);
  if (said) demand(key.algorithm() == Algorithm::hs256);
  if (!said) demand(said.error().code == Errc::invalid_token);
}

/// A header and payload of the fuzzer's choice under a good signature: the rules behind the signature are reached too.
void check_signed(std::string_view text, const std::vector<Key>& keys) {
  const std::size_t cut = text.find('\n');
  if (cut == text.npos) return;
  const std::string unsigned_token =
      base64url_encode(text.substr(0, cut)) + '.' + base64url_encode(text.substr(cut + 1));
  for (const Key& key : keys) {
    const std::string token = unsigned_token + '.' + base64url_encode(key.sign(unsigned_token));
    if (const auto claims = verify_jwt(token, keys)) check_verified(token, *claims, keys);
    check_as_user_token(token, key);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<Key> keys = fixed_keys();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  demand(!verify_jwt(text, {}).has_value());
  const auto claims = verify_jwt(text, keys);
  if (claims) {
    check_verified(text, *claims, keys);
  } else {
    demand(claims.error().code == Errc::invalid_token);
  }
  if (const auto decoded = decode_without_verifying(text)) demand(size <= kMaxTokenBytes);
  check_signed(text, keys);
  return 0;
}
