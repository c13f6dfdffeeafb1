#include "http/problem.h"

#include <algorithm>

namespace kriya::http {

int status_of(Errc code) {
  switch (code) {
    case Errc::bad_request:
      return 400;
    case Errc::invalid_json:
      return 400;
    case Errc::invalid_request:
      return 400;
    case Errc::unsupported_grant_type:
      return 400;
    case Errc::invalid_scope:
      return 400;
    case Errc::invalid_fields:
      return 422;
    case Errc::missing_token:
      return 401;
    case Errc::invalid_token:
      return 401;
    case Errc::invalid_code:
      return 401;
    case Errc::invalid_client:
      return 401;
    case Errc::missing_csrf_token:
      return 401;
    case Errc::missing_api_key:
      return 401;
    case Errc::invalid_api_key:
      return 403;
    case Errc::invalid_csrf_token:
      return 403;
    case Errc::foreign_origin:
      return 403;
    case Errc::forbidden:
      return 403;
    case Errc::insufficient_scope:
      return 403;
    case Errc::reauthentication_required:
      return 403;
    case Errc::phone_disabled:
      return 403;
    case Errc::not_found:
      return 404;
    case Errc::method_not_allowed:
      return 405;
    case Errc::request_timeout:
      return 408;
    case Errc::conflict:
      return 409;
    case Errc::opted_out:
      return 409;
    case Errc::verification_expired:
      return 410;
    case Errc::length_required:
      return 411;
    case Errc::payload_too_large:
      return 413;
    case Errc::uri_too_long:
      return 414;
    case Errc::unsupported_media_type:
      return 415;
    case Errc::expectation_failed:
      return 417;
    case Errc::too_many_requests:
      return 429;
    case Errc::headers_too_large:
      return 431;
    case Errc::internal:
      return 500;
    case Errc::model_unavailable:
      return 502;
    case Errc::verification_unavailable:
      return 501;
    case Errc::delivery_failed:
      return 502;
    case Errc::unavailable:
      return 503;
    case Errc::overloaded:
      return 503;
    case Errc::http_version_not_supported:
      return 505;
  }
  return 500;
}

std::string_view title_of(Errc code) {
  switch (code) {
    case Errc::bad_request:
      return "Bad request";
    case Errc::invalid_json:
      return "Invalid JSON";
    case Errc::invalid_request:
      return "invalid_request";
    case Errc::unsupported_grant_type:
      return "unsupported_grant_type";
    case Errc::invalid_scope:
      return "invalid_scope";
    case Errc::invalid_fields:
      return "Invalid fields";
    case Errc::missing_token:
      return "Missing token";
    case Errc::invalid_token:
      return "Invalid or expired token";
    case Errc::invalid_code:
      return "Invalid code";
    case Errc::invalid_client:
      return "invalid_client";
    case Errc::missing_csrf_token:
      return "Missing authentication or CSRF token";
    case Errc::missing_api_key:
      return "Missing API key";
    case Errc::invalid_api_key:
      return "Invalid API key";
    case Errc::invalid_csrf_token:
      return "Invalid CSRF token";
    case Errc::foreign_origin:
      return "Foreign origin";
    case Errc::forbidden:
      return "Forbidden";
    case Errc::insufficient_scope:
      return "Insufficient scope";
    case Errc::reauthentication_required:
      return "Fresh sign-in required";
    case Errc::phone_disabled:
      return "Phone number disabled";
    case Errc::not_found:
      return "Not found";
    case Errc::method_not_allowed:
      return "Method not allowed";
    case Errc::request_timeout:
      return "Request timed out";
    case Errc::conflict:
      return "Conflict";
    case Errc::opted_out:
      return "Recipient has opted out";
    case Errc::verification_expired:
      return "Verification expired";
    case Errc::length_required:
      return "Length required";
    case Errc::payload_too_large:
      return "Body too large";
    case Errc::uri_too_long:
      return "URI too long";
    case Errc::unsupported_media_type:
      return "Unsupported media type";
    case Errc::expectation_failed:
      return "Expectation failed";
    case Errc::too_many_requests:
      return "Too many requests";
    case Errc::headers_too_large:
      return "Headers too large";
    case Errc::internal:
      return "Internal error";
    case Errc::model_unavailable:
      return "Model unavailable";
    case Errc::verification_unavailable:
      return "Phone verification unavailable";
    case Errc::delivery_failed:
      return "Message could not be sent";
    case Errc::unavailable:
      return "Service unavailable";
    case Errc::overloaded:
      return "Service overloaded";
    case Errc::http_version_not_supported:
      return "HTTP version not supported";
  }
  return "Internal error";
}

namespace {

bool is_of_oauth(Errc code) {
  return code == Errc::invalid_request || code == Errc::invalid_client || code == Errc::unsupported_grant_type ||
         code == Errc::invalid_scope;
}

}  // namespace

Problem to_problem(const Error& error, std::string_view request_id) {
  Problem problem;
  problem.code = name(error.code);
  problem.type = "urn:kriya:problem:" + problem.code;
  problem.title = title_of(error.code);
  problem.status = status_of(error.code);
  problem.detail = error.detail;
  problem.request_id = request_id;
  problem.error = problem.title;
  problem.attempts_left = error.attempts_left;
  if (is_of_oauth(error.code)) problem.error_description = error.detail;
  for (const FieldError& field : error.fields) problem.errors.push_back({field.field, field.message});
  return problem;
}

Response problem_response(const Error& error, std::string_view request_id) {
  Response response;
  response.status = status_of(error.code);
  response.content_type = "application/problem+json";
  response.body = schema::write(to_problem(error, request_id));
  response.add_header("Cache-Control", "no-store");
  // RFC 6750 section 3: no error code when the request carried no token at all.
  if (error.code == Errc::missing_token) response.add_header("WWW-Authenticate", "Bearer");
  if (error.code == Errc::invalid_token) response.add_header("WWW-Authenticate", "Bearer error=\"invalid_token\"");
  if (error.code == Errc::invalid_client) response.add_header("WWW-Authenticate", "Basic realm=\"kriya\"");
  if (error.code == Errc::missing_api_key) response.add_header("WWW-Authenticate", "ApiKey header=\"X-API-Key\"");
  if (response.status == 429 || response.status == 503) {
    response.add_header("Retry-After", std::to_string(std::max<std::int64_t>(error.retry_after.count(), 1)));
  }
  return response;
}

}  // namespace kriya::http
