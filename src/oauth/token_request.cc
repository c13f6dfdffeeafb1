#include "oauth/token_request.h"

#include <algorithm>
#include <map>
#include <optional>

#include "base/encoding.h"
#include "base/text.h"
#include "http/endpoint.h"
#include "oauth/form.h"

namespace kriya::oauth {
namespace {

using Parameters = std::map<std::string, std::string>;

struct Credentials {
  std::string id;
  std::string secret;
};

/// VSCHAR, which ids and secrets consist of (RFC 6749 appendix A); no database sees anything else.
bool is_visible(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f; });
}

tl::unexpected<Error> malformed(std::string detail) { return fail(Errc::invalid_request, std::move(detail)); }

tl::unexpected<Error> no_credentials() {
  return fail(Errc::invalid_client, "Authorization must be Basic with the client's id and secret, each form-encoded.");
}

/// The strings among a JSON object's members; null stands for a member that was not sent.
Result<Parameters> of_json(const http::Request& request) {
  const auto body = http::json_body(request);
  if (!body) {
    if (body.error().code == Errc::invalid_json) return malformed(body.error().detail);
    if (body.error().code != Errc::unsupported_media_type) return fail(body.error());
    return fail(Errc::unsupported_media_type,
                "Send the body as Content-Type: application/x-www-form-urlencoded or application/json, in UTF-8.");
  }
  const json::object* object = body->if_object();
  if (object == nullptr) return malformed("The body must be a JSON object.");
  Parameters parameters;
  for (const auto& [name, value] : *object) {
    const bool known = name == "grant_type" || name == "client_id" || name == "client_secret" || name == "scope";
    if (known && !value.is_string() && !value.is_null()) {
      return malformed("The member " + std::string(name) + " must be a text.");
    }
    parameters.emplace(name, value.is_string() ? std::string(value.get_string()) : std::string());
  }
  return parameters;
}

Result<Parameters> body_of(const http::Request& request) {
  if (request.body().empty()) return Parameters();
  if (is_form(request.header("Content-Type").value_or(""))) return parse_form(request.body());
  return of_json(request);
}

/// RFC 7617, with both halves form-encoded first (RFC 6749 section 2.3.1). Nullopt without the header.
Result<std::optional<Credentials>> basic_of(const http::Request& request) {
  constexpr std::string_view kScheme = "Basic ";
  const auto header = request.header("Authorization");
  if (!header) return std::nullopt;
  if (!equals_ignoring_case(header->substr(0, kScheme.size()), kScheme)) return no_credentials();
  const auto pair = base64_decode(trim(header->substr(kScheme.size())));
  const std::size_t colon = pair ? pair->find(':') : std::string::npos;
  if (colon == std::string::npos) return no_credentials();
  auto id = percent_decode(std::string_view(*pair).substr(0, colon));
  auto secret = percent_decode(std::string_view(*pair).substr(colon + 1));
  if (!id || !secret || id->empty() || secret->empty() || !is_visible(*id) || !is_visible(*secret)) {
    return no_credentials();
  }
  return Credentials{*std::move(id), *std::move(secret)};
}

std::string taken(Parameters& parameters, const char* name) {
  const auto found = parameters.find(name);
  return found == parameters.end() ? std::string() : std::move(found->second);
}

}  // namespace

Result<TokenRequest> read_token_request(const http::Request& request) {
  if (!request.query().empty()) {
    return malformed(
        "Parameters belong into the body: a secret in an address ends up in logs. Treat one that was sent "
        "here as known to others, and rotate it.");
  }
  auto basic = basic_of(request);
  if (!basic) return fail(std::move(basic.error()));
  auto parameters = body_of(request);
  if (!parameters) return fail(std::move(parameters.error()));
  TokenRequest read{.grant_type = taken(*parameters, "grant_type"),
                    .client_id = taken(*parameters, "client_id"),
                    .client_secret = Secret(taken(*parameters, "client_secret")),
                    .scope = taken(*parameters, "scope"),
                    .blank = parameters->empty() && !*basic};
  for (const std::string_view text : {std::string_view(read.grant_type), std::string_view(read.client_id),
                                      read.client_secret.reveal(), std::string_view(read.scope)}) {
    if (!is_visible(text)) return malformed("A parameter holds characters that are none of printable ASCII.");
  }
  if (!*basic) return read;
  if (!read.client_secret.empty()) return malformed("Prove who you are in one way: Basic, or the body.");
  if (!read.client_id.empty() && read.client_id != (*basic)->id) {
    return malformed("The client_id of the body is another than that of Basic.");
  }
  read.client_id = std::move((*basic)->id);
  read.client_secret = Secret(std::move((*basic)->secret));
  return read;
}

}  // namespace kriya::oauth
