// Typed endpoints: from described structs to a route that parses, checks, runs, writes and documents itself.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "http/caller.h"
#include "http/message.h"
#include "http/problem.h"
#include "http/rate_limit.h"
#include "runtime/task.h"
#include "schema/described.h"
#include "schema/json_schema.h"

namespace kriya::http {

/// One thing that must hold before a handler runs: a declared item of an endpoint's list, documented by its security
/// scheme. Checks fill in what they learn about the caller.
struct AccessRule {
  std::function<Result<void>(const Request&, Caller&)> check;
  std::string scheme_name;   // key under components.securitySchemes; empty: not an OpenAPI security scheme
  json::object scheme = {};  // OpenAPI Security Scheme Object
  bool optional = false;     // the operation also works without it
  std::vector<Errc> errors = {};
};

/// The request body of an endpoint that reads none.
struct NoBody {};
BOOST_DESCRIBE_STRUCT(NoBody, (), ())

template <class In, class Out>
struct Endpoint {
  std::string summary;
  std::string description = {};
  std::string tag = {};
  std::vector<AccessRule> access = {};
  std::vector<RateLimit> limits = {};
  std::vector<Errc> errors = {};  // besides those of `access`, `limits`, parsing, and the server itself
  std::optional<In> example_request = {};
  std::optional<Out> example_answer = {};
  bool no_store = false;  // the answer bears a token
  bool deprecated_query_token = false;
  std::function<Task<Result<Out>>(const In&, const Caller&)> handle;
};

/// What OpenAPI needs to know of a route.
struct Operation {
  std::string summary;
  std::string description;
  std::string tag;
  std::vector<Errc> errors;
  bool deprecated_query_token = false;
  std::optional<json::object> request_schema;
  std::optional<std::string> request_example;  // JSON text
  std::optional<json::object> answer_schema;
  std::optional<std::string> answer_example;  // JSON text
  std::string answer_content_type = "application/json";
};

/// One line of the router's table.
struct Route {
  Method method;
  std::string path;
  std::vector<AccessRule> access;
  std::vector<RateLimit> limits = {};
  std::function<Task<Response>(const Request&, const Caller&)> run;
  std::function<Operation(schema::Components&)> describe;  // empty: not part of the documented API
};

/// For routes that answer at once.
inline Task<Response> answer_with(Response response) { co_return response; }

/// The JSON body of a request. Errors: length_required, unsupported_media_type, invalid_json.
Result<json::value> json_body(const Request& request);

template <class In, class Out>
Task<Response> run_endpoint(const Endpoint<In, Out>& endpoint, const Request& request, const Caller& caller) {
  In input{};
  if constexpr (!std::is_same_v<In, NoBody>) {
    auto parsed = json_body(request).and_then([](const json::value& body) { return schema::read<In>(body); });
    if (!parsed) co_return problem_response(parsed.error(), caller.request_id);
    input = *std::move(parsed);
  }
  auto output = co_await endpoint.handle(input, caller);
  if (!output) co_return problem_response(output.error(), caller.request_id);
  Response response;
  schema::write_value(response.body, *output);
  if (endpoint.no_store) response.add_header("Cache-Control", "no-store");
  co_return response;
}

template <class In, class Out>
Operation describe_endpoint(const Endpoint<In, Out>& endpoint, schema::Components& components) {
  Operation operation{.summary = endpoint.summary,
                      .description = endpoint.description,
                      .tag = endpoint.tag,
                      .errors = endpoint.errors,
                      .deprecated_query_token = endpoint.deprecated_query_token,
                      .request_schema = {},
                      .request_example = {},
                      .answer_schema = components.schema_of<Out>(),
                      .answer_example = {}};
  if constexpr (!std::is_same_v<In, NoBody>) {
    operation.request_schema = components.schema_of<In>();
    for (const Errc code : {Errc::invalid_json, Errc::length_required, Errc::payload_too_large,
                            Errc::unsupported_media_type, Errc::invalid_fields}) {
      operation.errors.push_back(code);
    }
    if (endpoint.example_request) operation.request_example = schema::write(*endpoint.example_request);
  }
  if (endpoint.example_answer) operation.answer_example = schema::write(*endpoint.example_answer);
  return operation;
}

/// Makes a route of a typed endpoint.
template <class In, class Out>
Route make_route(Method method, std::string path, Endpoint<In, Out> endpoint) {
  auto shared = std::make_shared<const Endpoint<In, Out>>(std::move(endpoint));
  return Route{
      .method = method,
      .path = std::move(path),
      .access = shared->access,
      .limits = shared->limits,
      .run = [shared](const Request& request, const Caller& caller) { return run_endpoint(*shared, request, caller); },
      .describe = [shared](schema::Components& components) { return describe_endpoint(*shared, components); }};
}

}  // namespace kriya::http
