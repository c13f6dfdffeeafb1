// Failures as problem documents (RFC 9457).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "http/message.h"
#include "schema/described.h"

namespace kriya::http {

/// One bad field, as clients see it.
struct FieldProblem {
  std::string field;
  std::string message;
};
BOOST_DESCRIBE_STRUCT(FieldProblem, (), (field, message))

/// The body of every answer that is not a success.
struct Problem {
  std::string type;   // urn:kriya:problem:<code>
  std::string title;  // the same for every problem of a code
  std::int64_t status = 0;
  std::string detail;
  std::string code;
  std::string request_id;
  std::string error;                             // = title: the member that the original browser client reads
  std::vector<FieldProblem> errors;              // the bad fields of a 422; else empty
  std::optional<std::int64_t> attempts_left;     // with invalid_code alone
  std::optional<std::string> error_description;  // = detail: where title is a word of OAuth (RFC 6749 section 5.2)
  static constexpr bool kOmitEmpty = true;
};
BOOST_DESCRIBE_STRUCT(Problem, (),
                      (type, title, status, detail, code, request_id, error, errors, attempts_left, error_description))

int status_of(Errc code);
std::string_view title_of(Errc code);

Problem to_problem(const Error& error, std::string_view request_id);

/// The answer to a failed request, with the headers that its status demands (WWW-Authenticate, Retry-After).
Response problem_response(const Error& error, std::string_view request_id);

}  // namespace kriya::http
