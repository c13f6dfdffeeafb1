#include "identity/claims.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "crypto/jwt.h"

namespace kriya::identity {
namespace {

/// A NumericDate (RFC 7519 section 2), which may have a fraction; nullopt when absent, no number, or out of range.
std::optional<std::int64_t> date_claim(const json::object& claims, std::string_view name) {
  const json::value* value = claims.if_contains(name);
  if (value == nullptr) return std::nullopt;
  constexpr std::int64_t kLimit = 253'402'300'800;  // the year 10000
  if (const auto* whole = value->if_int64(); whole != nullptr && *whole >= 0 && *whole < kLimit) return *whole;
  if (const auto* real = value->if_double(); real != nullptr && *real >= 0 && *real < static_cast<double>(kLimit)) {
    return static_cast<std::int64_t>(std::floor(*real));
  }
  return std::nullopt;
}

bool times_hold(const json::object& claims, std::int64_t now, std::int64_t skew) {
  // Other machines' clocks may run a little fast: a token from the next minute is no forgery.
  constexpr std::int64_t kIssuedAheadSeconds = 60;
  const auto expires = date_claim(claims, "exp");
  if (!expires || *expires + skew <= now) return false;
  if (claims.contains("nbf")) {
    const auto not_before = date_claim(claims, "nbf");
    if (!not_before || *not_before > now + skew) return false;
  }
  if (claims.contains("iat")) {
    const auto issued = date_claim(claims, "iat");
    if (!issued || *issued > now + std::max(skew, kIssuedAheadSeconds)) return false;
  }
  return true;
}

}  // namespace

Result<json::object> verify_claims(std::string_view jwt, const KeyRing& keys, Timestamp now,
                                   std::chrono::seconds skew) {
  auto claims = crypto::verify_jwt(jwt, keys.verifying());
  if (!claims) return refused_token();
  const auto* issuer = text_claim(*claims, "iss");
  if (issuer == nullptr || *issuer != kIssuer) return refused_token();
  if (!times_hold(*claims, now.seconds(), skew.count())) return refused_token();
  return claims;
}

const json::string* text_claim(const json::object& claims, std::string_view name) {
  const json::value* value = claims.if_contains(name);
  return value == nullptr ? nullptr : value->if_string();
}

bool is_for(const json::object& claims, std::string_view audience) {
  const json::value* value = claims.if_contains("aud");
  if (value == nullptr) return false;
  if (const auto* text = value->if_string()) return *text == audience;
  const auto* list = value->if_array();
  return list != nullptr && std::ranges::any_of(*list, [&](const json::value& one) {
           return one.is_string() && one.get_string() == audience;
         });
}

tl::unexpected<Error> refused_token() { return fail(Errc::invalid_token, "The token is invalid, expired or revoked."); }

}  // namespace kriya::identity
