// Typed endpoints: from described structs to a route that parses, checks, runs, writes and documents itself.
#pragma once

#include <algorithm>
#include <charconv>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include <boost/mp11/list.hpp>

#include "base/error.h"
#include "http/caller.h"
#include "http/message.h"
#include "http/problem.h"
#include "http/rate_limit.h"
#include "runtime/task.h"
#include "schema/described.h"
#include "schema/json_schema.h"

namespace kriya::http {

/// An entry of components.securitySchemes.
struct SecurityScheme {
  std::string name;
  json::object scheme;  // OpenAPI Security Scheme Object
};

/// One thing that must hold before a handler runs: a declared item of an endpoint's list, documented by its security
/// schemes. Checks fill in what they learn about the caller.
struct AccessRule {
  std::function<Result<void>(const Request&, Caller&)> check;
  std::vector<SecurityScheme> schemes = {};  // each of them is enough; none: nothing that OpenAPI knows
  std::vector<SecurityScheme> besides = {};  // each of these is needed with any of `schemes`
  bool optional = false;                     // the operation also works without it
  std::vector<Errc> errors = {};

  /// What only a store can say, e.g. whether a token was revoked; asked after all checks and limits. May be empty.
  std::function<Task<Result<void>>(Caller&)> confirm = {};
};

/// The request body of an endpoint that reads none.
struct NoBody {};
BOOST_DESCRIBE_STRUCT(NoBody, (), ())

/// An answer that comes with headers of its own, as the `Out` of an endpoint: the body is documented as T's.
template <class T>
struct WithHeaders {
  T body;
  std::vector<std::pair<std::string_view, std::string>> headers = {};  // names: static storage
};

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
  std::vector<Out> other_examples = {};       // where Out is a variant: one for each further alternative
  bool no_store = false;                      // the answer bears a token
  std::string set_cookie = {};                // what the Set-Cookie of every success is for; empty: there is none
  std::vector<std::string> other_types = {};  // of texts that a success may be besides JSON: "text/event-stream"
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
  std::string set_cookie = {};
  std::vector<std::string> other_types = {};  // as in Endpoint
  std::optional<json::object> request_schema;
  std::optional<std::string> request_example;  // JSON text
  std::vector<std::string> request_types = {"application/json"};
  bool request_required = true;
  std::optional<json::object> parameters = {};  // the schema of an object: path and query, by name
  struct Answer {
    int status = 200;
    json::object schema = {};
    std::optional<std::string> example = {};        // JSON text
    std::string content_type = "application/json";  // empty: it has no body
  };
  std::vector<Answer> answers = {};
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

/// Which members of a struct come from the path, and whether others can come from a body.
bool is_in_path(std::string_view path, std::string_view member);
constexpr bool takes_body(Method method) {
  return method == Method::post || method == Method::put || method == Method::patch;
}

/// The status of an answer's type: 200, or what it says itself (`static constexpr int kStatus = 202`).
template <class Answer>
constexpr int status_of_answer() {
  if constexpr (requires { Answer::kStatus; }) {
    return Answer::kStatus;
  } else {
    return 200;
  }
}

template <class T>
struct alternatives_of {
  using type = boost::mp11::mp_list<T>;
};
template <class... T>
struct alternatives_of<std::variant<T...>> {
  using type = boost::mp11::mp_list<T...>;
};
template <class T>
struct alternatives_of<WithHeaders<T>> : alternatives_of<T> {};

/// A parameter's text as the JSON value that its member is read from; a text that is no number stays one, so that the
/// member says what is wrong with it.
template <class Member>
json::value parameter_value(const std::string& text) {
  if constexpr (schema::is_optional<Member>) {
    return parameter_value<typename Member::value_type>(text);
  } else if constexpr (std::is_same_v<Member, std::int64_t>) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc() && end == text.data() + text.size()) return number;
    return json::string(text);
  } else if constexpr (std::is_same_v<Member, bool>) {
    if (text == "true" || text == "false") return text == "true";
    return json::string(text);
  } else {
    return json::string(text);
  }
}

/// The members of In from where they belong: path parameters by their names, all others from the body (POST, PUT,
/// PATCH) or from the query.
template <class In>
Result<In> read_input(const Request& request, const Caller& caller) {
  std::size_t from_path = 0;
  std::size_t members = 0;
  json::object object;
  schema::FieldErrors errors;
  const auto take = [&]<class Member>(std::string_view name, const std::string& text, std::type_identity<Member>) {
    if (utf8_length(text)) {
      object[name] = parameter_value<Member>(text);
    } else {
      errors.inside(name, [&] { errors.add("must be UTF-8"); });
    }
  };
  schema::for_each_member<In>([&](auto member) {
    using Member = std::remove_cvref_t<decltype(std::declval<In&>().*member.pointer)>;
    const std::string_view name = schema::json_name(member.name);
    ++members;
    const auto found = std::ranges::find(caller.path_parameters, name, [](const auto& one) { return one.first; });
    if (found != caller.path_parameters.end()) {
      ++from_path;
      take(name, found->second, std::type_identity<Member>());
    } else if (!takes_body(request.method())) {
      if (const auto text = request.query_parameter(name)) take(name, *text, std::type_identity<Member>());
    }
  });
  if (!errors.empty()) return fail(std::move(errors).as_error());
  if (!takes_body(request.method()) || from_path == members) return schema::read<In>(object);
  auto body = json_body(request);
  if (!body) return fail(std::move(body.error()));
  if (from_path > 0 && body->is_object()) {
    for (auto& [name, value] : object) body->as_object()[name] = std::move(value);
  }
  return schema::read<In>(*body);
}

template <class Answer>
void write_answer(Response& response, const Answer& answer) {
  response.status = status_of_answer<Answer>();
  schema::write_value(response.body, answer);
}
template <class... Alternatives>
void write_answer(Response& response, const std::variant<Alternatives...>& answer) {
  std::visit([&](const auto& one) { write_answer(response, one); }, answer);
}

template <class Answer>
void write_answer(Response& response, const WithHeaders<Answer>& answer) {
  write_answer(response, answer.body);
  for (const auto& [name, value] : answer.headers) response.add_header(name, value);
}

template <class In, class Out>
Task<Response> run_endpoint(const Endpoint<In, Out>& endpoint, const Request& request, const Caller& caller) {
  In input{};
  if constexpr (!std::is_same_v<In, NoBody>) {
    auto parsed = read_input<In>(request, caller);
    if (!parsed) co_return problem_response(parsed.error(), caller.request_id);
    input = *std::move(parsed);
  }
  auto output = co_await endpoint.handle(input, caller);
  if (!output) co_return problem_response(output.error(), caller.request_id);
  Response response;
  write_answer(response, *output);
  if (endpoint.no_store) response.add_header("Cache-Control", "no-store");
  co_return response;
}

template <class In, class Out>
Operation describe_endpoint(Method method, std::string_view path, const Endpoint<In, Out>& endpoint,
                            schema::Components& components) {
  Operation operation{.summary = endpoint.summary,
                      .description = endpoint.description,
                      .tag = endpoint.tag,
                      .errors = endpoint.errors,
                      .deprecated_query_token = endpoint.deprecated_query_token,
                      .set_cookie = endpoint.set_cookie,
                      .other_types = endpoint.other_types,
                      .request_schema = {},
                      .request_example = {}};
  boost::mp11::mp_for_each<boost::mp11::mp_transform<std::type_identity, typename alternatives_of<Out>::type>>(
      [&](auto type) {
        using Answer = typename decltype(type)::type;
        Operation::Answer answer{.status = status_of_answer<Answer>(), .schema = components.schema_of<Answer>()};
        const auto show = [&](const Out& one) {
          Response example;
          write_answer(example, one);
          if (example.status == answer.status) answer.example = std::move(example.body);
        };
        if (endpoint.example_answer) show(*endpoint.example_answer);
        for (const Out& one : endpoint.other_examples) show(one);
        operation.answers.push_back(std::move(answer));
      });
  if constexpr (!std::is_same_v<In, NoBody>) {
    operation.errors.push_back(Errc::invalid_fields);
    bool in_body = false;
    schema::for_each_member<In>([&](auto member) {
      in_body = in_body || (takes_body(method) && !is_in_path(path, schema::json_name(member.name)));
    });
    if (in_body) {
      operation.request_schema = components.schema_of<In>();
      for (const Errc code :
           {Errc::invalid_json, Errc::length_required, Errc::payload_too_large, Errc::unsupported_media_type}) {
        operation.errors.push_back(code);
      }
      if (endpoint.example_request) operation.request_example = schema::write(*endpoint.example_request);
    } else {
      operation.parameters = components.inline_schema_of<In>();
    }
  }
  return operation;
}

/// Makes a route of a typed endpoint.
template <class In, class Out>
Route make_route(Method method, std::string path, Endpoint<In, Out> endpoint) {
  auto shared = std::make_shared<const Endpoint<In, Out>>(std::move(endpoint));
  return Route{
      .method = method,
      .path = path,
      .access = shared->access,
      .limits = shared->limits,
      .run = [shared](const Request& request, const Caller& caller) { return run_endpoint(*shared, request, caller); },
      .describe = [shared, method, path = path](
                      schema::Components& components) { return describe_endpoint(method, path, *shared, components); }};
}

}  // namespace kriya::http
