#include "oauth/token_endpoint.h"

#include "base/text.h"

namespace kriya::oauth {
namespace {

using http::Caller;

// Nobody guesses 256 bits; the limit keeps floods of attempts away from the database, and many programs may share an
// address.
const http::RateLimit kTokenLimit{.name = "client-token", .scope = http::RateLimit::Scope::address, .requests = 600};

constexpr const char* kExampleRequest =
    R"({"grant_type":"client_credentials","client_id":"client_0n5pPZ3W1tq3uHh0s1Fv2A",)"
    R"("client_secret":"kcs_<43 characters>","scope":"messages:send"})";

/// The credentials may also stand in the body: the rule only documents that they may stand here.
http::AccessRule basic_credentials() {
  return {.check = [](const http::Request&, Caller&) -> Result<void> { return {}; },
          .schemes = {{"client_basic",
                       {{"type", "http"},
                        {"scheme", "basic"},
                        {"description", "A registered client's id and secret (kriya client create)."}}}},
          .optional = true};
}

json::object request_schema() {
  const auto text = [](const char* description) {
    return json::object{{"type", "string"}, {"description", description}};
  };
  return {{"type", "object"},
          {"properties",
           {{"grant_type", text("client_credentials")},
            {"client_id", text("Unless Basic bears it.")},
            {"client_secret", text("Unless Basic bears it.")},
            {"scope", text("Words apart by a space, each of the client's scope; all of it when absent.")}}}};
}

http::Operation describe(schema::Components& components) {
  const TokenAnswer example{.access_token = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.c2ln", .scope = "messages:send"};
  return {.summary = "A token for a program that proves itself",
          .description =
              "The client credentials grant (RFC 6749 section 4.4): as a form or as JSON, the client's id "
              "and secret there or as Basic. In development an empty request from this machine gets a token "
              "of test-client, good for harmless tools alone. Whoever accepts application/json and no problem "
              "document gets the same errors by that name.",
          .tag = "Programs",
          .errors = {Errc::invalid_request, Errc::invalid_client, Errc::unsupported_grant_type, Errc::invalid_scope,
                     Errc::payload_too_large, Errc::unsupported_media_type, Errc::unavailable, Errc::overloaded},
          .request_schema = request_schema(),
          .request_example = kExampleRequest,
          .request_types = {"application/x-www-form-urlencoded", "application/json"},
          .request_required = false,
          .answers = {{.schema = components.schema_of<TokenAnswer>(), .example = schema::write(example)}}};
}

/// RFC 6749 section 5.2 has errors as application/json, and its client libraries take them as nothing else. They say so
/// (`Accept: application/json`), and a problem document is JSON with all that they look for.
bool takes_json_alone(const http::Request& request) {
  const std::string accepted = to_lower(request.joined_header("Accept"));
  const auto names = [&](const char* type) { return accepted.find(type) != std::string::npos; };
  return names("application/json") && !names("application/problem+json") && !names("application/*") && !names("*/*");
}

/// OAuth has no word of its own for a body that is neither form nor JSON; all that is malformed is invalid_request
/// there.
http::Response refusal(const Error& error, const std::string& request_id) {
  http::Response response = http::problem_response(error, request_id);
  if (error.code != Errc::unsupported_media_type) return response;
  http::Problem problem = http::to_problem(error, request_id);
  problem.title = problem.error = http::title_of(Errc::invalid_request);
  problem.error_description = problem.detail;
  response.body = schema::write(problem);
  return response;
}

Task<http::Response> answer(ClientCredentials& credentials, const http::Request& request, const Caller& caller) {
  auto asked = read_token_request(request);
  Result<TokenAnswer> granted;
  if (asked) {
    granted = co_await credentials.grant(*std::move(asked), caller.local, caller.deadline);
  } else {
    granted = fail(std::move(asked.error()));
  }
  http::Response response;
  if (granted) {
    response.body = schema::write(*granted);
    response.add_header("Cache-Control", "no-store");
  } else {
    response = refusal(granted.error(), caller.request_id);
    if (takes_json_alone(request)) response.content_type = "application/json";
  }
  response.add_header("Pragma", "no-cache");  // RFC 6749 section 5.1
  co_return response;
}

}  // namespace

void add_token_endpoint(http::Router& router, ClientCredentials& credentials) {
  router.add(
      {.method = http::Method::post,
       .path = "/auth/token",
       .access = {basic_credentials()},
       .limits = {kTokenLimit},
       .run = [&](const http::Request& request, const Caller& caller) { return answer(credentials, request, caller); },
       .describe = describe});
}

}  // namespace kriya::oauth
