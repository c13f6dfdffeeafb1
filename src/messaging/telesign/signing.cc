#include "messaging/telesign/signing.h"

#include <stdexcept>

#include "base/encoding.h"
#include "crypto/digest.h"

namespace kriya::messaging::telesign {
namespace {

constexpr std::string_view kMethod = "HMAC-SHA256";

}  // namespace

Secret decoded_key(const Secret& api_key) {
  auto key = base64_decode(api_key.reveal());
  if (!key || key->empty()) throw std::runtime_error("Telesign's API key is not base64; copy it whole, with its '='");
  return Secret(*std::move(key));
}

TelesignSigner::TelesignSigner(Credentials credentials)
    : credentials_(std::move(credentials)), key_(decoded_key(credentials_.api_key)) {}

std::string TelesignSigner::string_to_sign(const SignedParts& parts, const Stamp& stamp) {
  const bool signs_content_type = parts.method == "POST" || parts.method == "PUT";
  std::string text(parts.method);
  text += '\n';
  if (signs_content_type) text += parts.content_type;
  text += '\n';
  if (!stamp.in_x_ts_date) text += stamp.date;
  text += "\nx-ts-auth-method:";
  text += kMethod;
  if (stamp.in_x_ts_date) text += "\nx-ts-date:" + stamp.date;
  text += "\nx-ts-nonce:" + stamp.nonce + '\n';
  if (!parts.body.empty()) {
    text += parts.body;
    text += '\n';
  }
  text += parts.path;
  return text;
}

http::client::Headers TelesignSigner::digest(const SignedParts& parts, const Stamp& stamp) const {
  const std::string signature = base64_encode(crypto::hmac_sha256(key_.reveal(), string_to_sign(parts, stamp)));
  http::client::Headers headers{{"Authorization", "TSA " + credentials_.customer_id + ":" + signature},
                                {stamp.in_x_ts_date ? "x-ts-date" : "Date", stamp.date},
                                {"x-ts-auth-method", std::string(kMethod)},
                                {"x-ts-nonce", stamp.nonce}};
  if (!parts.content_type.empty()) headers.emplace_back("Content-Type", parts.content_type);
  return headers;
}

http::client::Headers TelesignSigner::basic(std::string_view content_type) const {
  // Here the key is text, not what it decodes to.
  const std::string pair = credentials_.customer_id + ":" + std::string(credentials_.api_key.reveal());
  http::client::Headers headers{{"Authorization", "Basic " + base64_encode(pair)}};
  if (!content_type.empty()) headers.emplace_back("Content-Type", content_type);
  return headers;
}

}  // namespace kriya::messaging::telesign
