#include "identity/user_token.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <optional>

#include "base/encoding.h"
#include "crypto/digest.h"
#include "crypto/jwt.h"
#include "crypto/random.h"
#include "identity/claims.h"
#include "schema/described.h"

namespace kriya::identity {
namespace {

/// The claims in the order in which they are written.
struct WrittenClaims {
  std::string user_id;
  std::string phone_number;
  std::int64_t token_version = 0;
  std::int64_t exp = 0;
  std::int64_t iat = 0;
  std::string iss;
  std::string sub;
  std::string jti;
  std::string sid;
  std::string aud;
  std::string token_use;
  std::optional<std::string> scope;  // RFC 8693 section 4.2
  static constexpr bool kOmitEmpty = true;
};
BOOST_DESCRIBE_STRUCT(WrittenClaims, (),
                      (user_id, phone_number, token_version, exp, iat, iss, sub, jti, sid, aud, token_use, scope))

bool is_from_original_service(const json::object& claims) {
  for (const std::string_view name : {"aud", "sub", "jti", "sid", "token_use"}) {
    if (claims.contains(name)) return false;
  }
  return true;
}

bool is_our_user_token(const json::object& claims, std::string_view audience, std::string_view wanted_use) {
  const auto* user_id = text_claim(claims, "user_id");
  const auto* subject = text_claim(claims, "sub");
  const auto* use = text_claim(claims, "token_use");
  return is_for(claims, audience) && use != nullptr && *use == wanted_use && user_id != nullptr && subject != nullptr &&
         *subject == *user_id && text_claim(claims, "jti") != nullptr && text_claim(claims, "sid") != nullptr;
}

std::optional<Uuid> user_id(const json::object& claims) {
  const auto* text = text_claim(claims, "user_id");
  return text == nullptr ? std::nullopt : Uuid::parse(*text);
}

/// As a number, or as its decimal digits without sign and leading zeros; nullopt for anything else.
std::optional<std::int64_t> integer_id(const json::value& value) {
  if (const auto* number = value.if_int64()) return *number;
  const auto* text = value.if_string();
  if (text == nullptr) return std::nullopt;
  std::int64_t number = -1;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc() || std::to_string(number) != std::string_view(*text)) return std::nullopt;
  return number;
}

/// The original service's users had UUIDs or integers.
std::optional<Uuid> original_user_id(const json::object& claims) {
  const json::value* value = claims.if_contains("user_id");
  const auto number = value == nullptr ? std::nullopt : integer_id(*value);
  if (!number) return user_id(claims);
  constexpr std::int64_t kLimit = std::int64_t{1} << 48;
  if (*number < 0 || *number >= kLimit) return std::nullopt;
  char text[37];
  std::snprintf(text, sizeof text, "00000000-0000-0000-0000-%012llx", static_cast<unsigned long long>(*number));
  return Uuid::parse(text);
}

Result<TokenClaims> read_original(const json::object& claims) {
  const auto id = original_user_id(claims);
  const json::value* version = claims.if_contains("token_version");
  if (!id || (version != nullptr && !version->is_int64())) return refused_token();
  return TokenClaims{*id, version == nullptr ? 0 : version->get_int64()};
}

}  // namespace

IssuedToken UserTokens::issue(const User& user, const std::string& sid, Timestamp session_end,
                              std::string_view use) const {
  // Whole seconds, so that `expires_at` and `exp` say the same.
  const Timestamp now = Timestamp::from_seconds(clock_.now().seconds());
  const Timestamp expires = std::min(now + rules_.life, Timestamp::from_seconds(session_end.seconds()));
  const Uuid id = crypto::new_uuid(clock_.now());
  const std::string user_id = user.id.str();
  const WrittenClaims claims{.user_id = user_id,
                             .phone_number = user.phone_number,
                             .token_version = user.token_version,
                             .exp = expires.seconds(),
                             .iat = now.seconds(),
                             .iss = std::string(kIssuer),
                             .sub = user_id,
                             .jti = id.str(),
                             .sid = sid,
                             .aud = rules_.audience,
                             .token_use = std::string(use),
                             .scope = user.scope};
  IssuedToken issued;
  issued.jwt = crypto::sign_jwt(keys_.signing(), schema::write(claims));
  issued.expires_at = expires;
  issued.record = {.id = id,
                   .user_id = user.id,
                   .token_hash = hex_encode(crypto::sha256(issued.jwt)),
                   .issued_at = now,
                   .expires_at = expires,
                   .client_address = {},
                   .user_agent = {}};
  return issued;
}

Result<json::object> UserTokens::verify(std::string_view jwt) const {
  return verify_claims(jwt, keys_, clock_.now(), rules_.clock_skew);
}

Result<TokenClaims> UserTokens::read(std::string_view jwt) const {
  const auto claims = verify(jwt);
  if (!claims) return fail(claims.error());
  if (is_from_original_service(*claims)) return read_original(*claims);
  const auto* use = text_claim(*claims, "token_use");
  return read(*claims, use != nullptr && *use == "browser" ? "browser" : "user");
}

Result<TokenClaims> UserTokens::read(const json::object& claims, std::string_view use) const {
  if (!is_our_user_token(claims, rules_.audience, use)) return refused_token();
  const auto id = user_id(claims);
  const json::value* version = claims.if_contains("token_version");
  if (!id || version == nullptr || !version->is_int64()) return refused_token();
  TokenClaims said{*id, version->get_int64()};
  said.session = *text_claim(claims, "sid");
  return said;
}

}  // namespace kriya::identity
