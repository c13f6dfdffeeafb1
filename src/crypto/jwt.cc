#include "crypto/jwt.h"

#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "base/encoding.h"
#include "base/text.h"

namespace kriya::crypto {
namespace {

tl::unexpected<Error> refuse(const char* why, std::source_location where = std::source_location::current()) {
  return fail(Errc::invalid_token, why, where);
}

/// A token taken apart. `signed_text` is the part of it that the signature covers.
struct CompactJws {
  std::string_view signed_text;
  std::string header;
  std::string payload;
  std::string signature;
};

Result<CompactJws> split(std::string_view token) {
  if (token.size() > kMaxTokenBytes) return refuse("The token is too long.");
  const std::size_t first = token.find('.');
  const std::size_t second = first == token.npos ? token.npos : token.find('.', first + 1);
  if (second == token.npos || token.find('.', second + 1) != token.npos) {
    return refuse("The token must have three parts.");
  }
  auto header = base64url_decode(token.substr(0, first));
  auto payload = base64url_decode(token.substr(first + 1, second - first - 1));
  auto signature = base64url_decode(token.substr(second + 1));
  if (!header || !payload || !signature) return refuse("The token is not base64url without padding.");
  return CompactJws{token.substr(0, second), *std::move(header), *std::move(payload), *std::move(signature)};
}

Result<json::object> parse_object(std::string_view text) {
  auto value = parse_json(text);
  if (!value || !value->is_object()) return refuse("Header and payload of the token must be JSON objects.");
  return std::move(value->get_object());
}

/// What a header must say for the signature to be worth checking. The views live as long as the header.
struct HeaderFacts {
  Algorithm algorithm;
  std::optional<std::string_view> kid;
};

Result<HeaderFacts> check_header(const json::object& header) {
  // RFC 7515 section 4.1.11: an extension that is not understood refuses the token, and none is. `b64` (RFC 7797) would
  // change what the signature covers, and is refused even when it hides from `crit`.
  if (header.contains("crit") || header.contains("b64")) return refuse("The token demands an extension.");
  if (const json::value* const typ = header.if_contains("typ")) {
    const json::string* const text = typ->if_string();
    if (text == nullptr || !equals_ignoring_case(*text, "JWT")) return refuse("The token is of another type.");
  }
  HeaderFacts facts{};
  if (const json::value* const kid = header.if_contains("kid")) {
    if (!kid->is_string()) return refuse("The token's key id must be a string.");
    facts.kid = std::string_view(kid->get_string());
  }
  const json::value* const alg = header.if_contains("alg");
  const json::string* const text = alg == nullptr ? nullptr : alg->if_string();
  const auto algorithm = text == nullptr ? std::nullopt : parse_algorithm(*text);
  if (!algorithm) return refuse("The token's algorithm is not accepted.");
  facts.algorithm = *algorithm;
  return facts;
}

/// RFC 8725 section 3.1: the key, not the token, says the algorithm. HMAC keys have no public name to be called by.
bool may_verify(const Key& key, const HeaderFacts& facts) {
  return key.algorithm() == facts.algorithm && (!facts.kid || is_symmetric(facts.algorithm) || *facts.kid == key.id());
}

}  // namespace

std::string sign_jwt(const Key& key, std::string_view claims) {
  std::string header = R"({"alg":")";
  header += name(key.algorithm());
  header += R"(","typ":"JWT")";
  if (!key.id().empty()) header += R"(,"kid":")" + key.id() + '"';  // base64url: nothing to escape
  header += '}';
  std::string token = base64url_encode(header) + '.' + base64url_encode(claims);
  const std::string signature = key.sign(token);
  return token + '.' + base64url_encode(signature);
}

Result<json::object> verify_jwt(std::string_view token, std::span<const Key> keys) {
  const auto jws = split(token);
  if (!jws) return fail(jws.error());
  const auto header = parse_object(jws->header);
  if (!header) return fail(header.error());
  const auto facts = check_header(*header);
  if (!facts) return fail(facts.error());

  bool has_candidate = false;
  for (const Key& key : keys) {
    if (!may_verify(key, *facts)) continue;
    has_candidate = true;
    // Nothing of the payload is read before its signature is known to be good.
    if (key.verify(jws->signed_text, jws->signature)) return parse_object(jws->payload);
  }
  return refuse(has_candidate ? "The token's signature is wrong." : "No key fits the token.");
}

Result<UnverifiedJwt> decode_without_verifying(std::string_view token) {
  const auto jws = split(token);
  if (!jws) return fail(jws.error());
  auto header = parse_object(jws->header);
  if (!header) return fail(header.error());
  auto claims = parse_object(jws->payload);
  if (!claims) return fail(claims.error());
  return UnverifiedJwt{*std::move(header), *std::move(claims)};
}

}  // namespace kriya::crypto
