#include "base/error.h"

namespace kriya {

std::string_view name(Errc code) {
  switch (code) {
    case Errc::bad_request:
      return "bad_request";
    case Errc::invalid_json:
      return "invalid_json";
    case Errc::invalid_request:
      return "invalid_request";
    case Errc::unsupported_grant_type:
      return "unsupported_grant_type";
    case Errc::invalid_scope:
      return "invalid_scope";
    case Errc::invalid_fields:
      return "invalid_fields";
    case Errc::missing_token:
      return "missing_token";
    case Errc::invalid_token:
      return "invalid_token";
    case Errc::invalid_code:
      return "invalid_code";
    case Errc::invalid_client:
      return "invalid_client";
    case Errc::missing_csrf_token:
      return "missing_csrf_token";
    case Errc::missing_api_key:
      return "missing_api_key";
    case Errc::invalid_api_key:
      return "invalid_api_key";
    case Errc::invalid_csrf_token:
      return "invalid_csrf_token";
    case Errc::foreign_origin:
      return "foreign_origin";
    case Errc::forbidden:
      return "forbidden";
    case Errc::insufficient_scope:
      return "insufficient_scope";
    case Errc::reauthentication_required:
      return "reauthentication_required";
    case Errc::phone_disabled:
      return "phone_disabled";
    case Errc::not_found:
      return "not_found";
    case Errc::method_not_allowed:
      return "method_not_allowed";
    case Errc::request_timeout:
      return "request_timeout";
    case Errc::conflict:
      return "conflict";
    case Errc::opted_out:
      return "opted_out";
    case Errc::verification_expired:
      return "verification_expired";
    case Errc::length_required:
      return "length_required";
    case Errc::payload_too_large:
      return "payload_too_large";
    case Errc::uri_too_long:
      return "uri_too_long";
    case Errc::unsupported_media_type:
      return "unsupported_media_type";
    case Errc::expectation_failed:
      return "expectation_failed";
    case Errc::too_many_requests:
      return "too_many_requests";
    case Errc::headers_too_large:
      return "headers_too_large";
    case Errc::internal:
      return "internal";
    case Errc::model_unavailable:
      return "model_unavailable";
    case Errc::verification_unavailable:
      return "verification_unavailable";
    case Errc::delivery_failed:
      return "delivery_failed";
    case Errc::unavailable:
      return "unavailable";
    case Errc::overloaded:
      return "overloaded";
    case Errc::http_version_not_supported:
      return "http_version_not_supported";
  }
  return "internal";  // unreachable: -Wswitch keeps the list above total
}

}  // namespace kriya
