// What went wrong, in a form that a caller can act on and a client may read.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

namespace kriya {

/// Every failure that can reach a client or an operator. The names are part of the API: `name(Errc)` is the `code`
/// member of a problem document and never changes. http/problem.cc maps each to its HTTP status.
enum class Errc {
  bad_request,
  invalid_json,
  invalid_request,
  unsupported_grant_type,
  invalid_scope,
  invalid_fields,
  missing_token,
  invalid_token,
  invalid_code,
  invalid_client,
  missing_csrf_token,
  missing_api_key,
  invalid_api_key,
  invalid_csrf_token,
  foreign_origin,
  forbidden,
  insufficient_scope,
  reauthentication_required,
  phone_disabled,
  not_found,
  method_not_allowed,
  request_timeout,
  conflict,
  opted_out,
  verification_expired,
  length_required,
  payload_too_large,
  uri_too_long,
  unsupported_media_type,
  expectation_failed,
  too_many_requests,
  headers_too_large,
  internal,
  model_unavailable,
  verification_unavailable,
  delivery_failed,
  unavailable,
  overloaded,
  http_version_not_supported,
};

/// The stable machine-readable name, e.g. "invalid_fields".
std::string_view name(Errc code);

/// One bad field of a request: which, and what is allowed, in words for a person.
struct FieldError {
  std::string field;
  std::string message;
};

/// A failure. `detail` is shown to clients, so it never holds a secret, a token, a code or a full phone number.
struct Error {
  Errc code;
  std::string detail;
  std::vector<FieldError> fields = {};  // only with Errc::invalid_fields
  std::source_location where = std::source_location::current();
  std::chrono::seconds retry_after = {};  // when another try may succeed; 0: not known
  std::optional<std::int64_t> attempts_left =
      {};  // with Errc::invalid_code: guesses that this verification still takes
};

template <class T>
using Result = tl::expected<T, Error>;

/// `return fail(Errc::not_found, "No such user.");`
inline tl::unexpected<Error> fail(Errc code, std::string detail,
                                  std::source_location where = std::source_location::current()) {
  return tl::unexpected<Error>(Error{code, std::move(detail), {}, where});
}

/// Passes another call's failure on.
inline tl::unexpected<Error> fail(Error error) { return tl::unexpected<Error>(std::move(error)); }

}  // namespace kriya
