#include "http/openapi.h"

#include <algorithm>
#include <map>

#include "base/text.h"

namespace kriya::http {
namespace {

constexpr std::string_view kExampleRequestId = "019aa5f4-7c00-7a3e-9d53-0d5c1b2e4f60";

json::object header(std::string_view description, json::object schema, bool required = true) {
  return {{"description", description}, {"required", required}, {"schema", std::move(schema)}};
}

/// The headers of an answer with this status; 0 for those with any other.
json::object headers_of(const Route& route, int status) {
  json::object headers{
      {"X-Request-Id",
       header("Names this request in the logs; a well-formed one from the client is kept.", {{"type", "string"}})}};
  if (!route.limits.empty()) {
    // Not required: RATE_LIMITS=off sends none, and broken HTTP is refused before any limit is looked at.
    headers["RateLimit-Policy"] =
        header("The limits that were asked: q requests in w seconds.",
               {{"type", "string"}, {"examples", json::array{"\"register\";q=300;w=60"}}}, false);
    headers["RateLimit"] = header(
        "What they left: r more requests at once; in t seconds the quota is whole again or, when r is 0, the next "
        "request fits.",
        {{"type", "string"}, {"examples", json::array{"\"register\";r=299;t=1"}}}, false);
  }
  if (status == 429 || status == 503) {
    headers["Retry-After"] = header("Seconds to wait before another try.", {{"type", "integer"}, {"minimum", 1}});
  }
  return headers;
}

json::value parsed_example(const std::string& text) { return parse_json(text).value(); }

/// What this code answers, as an example of a problem document.
json::value problem_example(Errc code) {
  Error error{code, std::string(title_of(code)) + ".", {}};
  if (code == Errc::invalid_fields) {
    error.detail = "A field is not acceptable: first_name is required.";
    error.fields = {{"first_name", "is required"}};
  }
  if (code == Errc::invalid_code) error.attempts_left = 4;
  return parsed_example(schema::write(to_problem(error, kExampleRequestId)));
}

json::object problem_content(const json::object& problem_schema, const std::vector<Errc>& codes) {
  json::object examples;
  for (const Errc code : codes) examples[name(code)] = {{"value", problem_example(code)}};
  json::object media{{"schema", problem_schema}};
  if (!examples.empty()) media["examples"] = std::move(examples);
  return {{"application/problem+json", std::move(media)}};
}

json::object error_responses(const Route& route, const Operation& operation, const json::object& problem_schema) {
  std::map<int, std::vector<Errc>> by_status;
  const auto add = [&](Errc code) {
    auto& codes = by_status[status_of(code)];
    if (std::ranges::find(codes, code) == codes.end()) codes.push_back(code);
  };
  for (const Errc code : operation.errors) add(code);
  for (const AccessRule& rule : route.access) std::ranges::for_each(rule.errors, add);
  for (const RateLimit& limit : route.limits) {
    add(Errc::too_many_requests);
    if (limit.when_away == RateLimit::WhenAway::closed) add(Errc::unavailable);
  }
  json::object responses;
  for (const auto& [status, codes] : by_status) {
    std::string description;
    for (const Errc code : codes) {
      description += (description.empty() ? "" : ", or ") + std::string(title_of(code));
    }
    responses[std::to_string(status)] = {{"description", description},
                                         {"headers", headers_of(route, status)},
                                         {"content", problem_content(problem_schema, codes)}};
  }
  // Broken HTTP, time-outs and failures of the server itself can end any request.
  responses["default"] = {{"description", "Any other failure"},
                          {"headers", headers_of(route, 0)},
                          {"content", problem_content(problem_schema, {})}};
  return responses;
}

/// Every way to satisfy all rules: one scheme of each, and none where a rule is optional.
json::array security_of(const Route& route) {
  std::vector<json::object> ways{json::object{}};
  bool known = false;
  for (const AccessRule& rule : route.access) {
    if (rule.schemes.empty()) continue;
    known = true;
    std::vector<json::object> longer;
    for (const json::object& way : ways) {
      if (rule.optional) longer.push_back(way);
      for (const SecurityScheme& scheme : rule.schemes) {
        longer.push_back(way);
        longer.back()[scheme.name] = json::array{};
        for (const SecurityScheme& besides : rule.besides) longer.back()[besides.name] = json::array{};
      }
    }
    ways = std::move(longer);
  }
  json::array alternatives;
  if (known) alternatives.insert(alternatives.end(), ways.begin(), ways.end());
  return alternatives;
}

json::object success_response(const Route& route, const Operation& operation, const Operation::Answer& answer) {
  json::object headers = headers_of(route, answer.status);
  if (!operation.set_cookie.empty()) {
    headers["Set-Cookie"] = header(operation.set_cookie, {{"type", "string"}});
  }
  json::object response{{"description", answer.status == 202 ? "Accepted" : "Success"},
                        {"headers", std::move(headers)}};
  if (answer.content_type.empty()) return response;
  json::object media{{"schema", answer.schema}};
  if (answer.example) media["example"] = parsed_example(*answer.example);
  json::object content{{answer.content_type, std::move(media)}};
  for (const std::string& type : operation.other_types) content[type] = {{"schema", {{"type", "string"}}}};
  response["content"] = std::move(content);
  return response;
}

/// The members of an object's schema as parameters.
json::array parameters_of(const Route& route, const Operation& operation) {
  json::array parameters;
  if (operation.parameters) {
    const auto& required = operation.parameters->at("required").as_array();
    for (const auto& [name, schema] : operation.parameters->at("properties").as_object()) {
      const bool in_path = is_in_path(route.path, name);
      parameters.push_back(json::object{{"name", name},
                                        {"in", in_path ? "path" : "query"},
                                        {"required", in_path || std::ranges::find(required, name) != required.end()},
                                        {"schema", schema}});
    }
  }
  if (operation.deprecated_query_token) {
    parameters.push_back(json::object{{"name", "token"},
                                      {"in", "query"},
                                      {"required", false},
                                      {"deprecated", true},
                                      {"description",
                                       "For clients of the original service. Use the "
                                       "Authorization header: URLs end up in logs and histories."},
                                      {"schema", {{"type", "string"}}}});
  }
  return parameters;
}

/// "POST /api/auth/validate-token" is "post_api_auth_validate_token".
std::string operation_id(const Route& route) {
  std::string id = to_lower(name(route.method)) + route.path;
  std::ranges::replace_if(id, [](unsigned char c) { return !std::isalnum(c); }, '_');
  return id;
}

json::object describe(const Route& route, const Operation& operation, const json::object& problem_schema) {
  json::object described{{"operationId", operation_id(route)}, {"summary", operation.summary}};
  if (!operation.description.empty()) described["description"] = operation.description;
  if (!operation.tag.empty()) described["tags"] = json::array{operation.tag};
  described["security"] = security_of(route);
  if (json::array parameters = parameters_of(route, operation); !parameters.empty()) {
    described["parameters"] = std::move(parameters);
  }
  if (operation.request_schema) {
    json::object media{{"schema", *operation.request_schema}};
    if (operation.request_example) media["example"] = parsed_example(*operation.request_example);
    json::object content;
    for (const std::string& type : operation.request_types) content[type] = media;
    described["requestBody"] = {{"required", operation.request_required}, {"content", std::move(content)}};
  }
  json::object responses = error_responses(route, operation, problem_schema);
  for (const Operation::Answer& answer : operation.answers) {
    responses[std::to_string(answer.status)] = success_response(route, operation, answer);
  }
  described["responses"] = std::move(responses);
  return described;
}

}  // namespace

json::object make_openapi(const ApiInfo& info, const Router& router) {
  schema::Components components;
  const json::object problem_schema = components.schema_of<Problem>();
  json::object paths;
  json::object schemes;
  for (const auto& route : router.routes()) {
    if (!route->describe) continue;
    const Operation operation = route->describe(components);
    auto& path = paths[route->path];
    if (!path.is_object()) path = json::object{};
    path.as_object()[to_lower(name(route->method))] = describe(*route, operation, problem_schema);
    for (const AccessRule& rule : route->access) {
      for (const SecurityScheme& scheme : rule.schemes) schemes[scheme.name] = scheme.scheme;
      for (const SecurityScheme& scheme : rule.besides) schemes[scheme.name] = scheme.scheme;
    }
  }
  return {{"openapi", "3.1.0"},
          {"info",
           {{"title", info.title},
            {"version", info.version},
            {"description", info.description},
            {"license", {{"name", "MIT"}, {"identifier", "MIT"}}}}},
          {"servers", json::array{{{"url", info.server_url}}}},
          {"paths", std::move(paths)},
          {"components", {{"schemas", std::move(components).take()}, {"securitySchemes", std::move(schemes)}}}};
}

}  // namespace kriya::http
