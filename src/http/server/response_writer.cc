#include "http/server/response_writer.h"

#include "base/json.h"
#include "base/time.h"

namespace kriya::http::server {
namespace {

constexpr std::string_view kStrictPolicy = "default-src 'none'; frame-ancestors 'none'";

void append_line(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  out += value;
  out += "\r\n";
}

/// HTTP/1.0 knows no chunks: there the end of the connection is the end of the body (RFC 9112 section 6.3).
void append_framing(std::string& out, const Request& request, const Response& response) {
  if (!response.stream) {
    out += "Content-Length: ";
    append_json_number(out, static_cast<std::int64_t>(response.body.size()));
    out += "\r\n";
  } else if (request.minor_version() > 0) {
    out += "Transfer-Encoding: chunked\r\n";
  }
}

bool may_have_body(const Response& response) { return response.status != 204 && response.status != 304; }

}  // namespace

bool is_streamed(const Request& request, const Response& response) {
  return response.stream && may_have_body(response) && request.method() != Method::head;
}

const std::string& ResponseWriter::date() {
  const Timestamp now = SystemClock{}.now();
  if (now.seconds() != date_second_) {
    date_second_ = now.seconds();
    date_ = to_http_date(now);
  }
  return date_;
}

void ResponseWriter::append(std::string& out, const Request& request, const Response& response, bool keep_alive) {
  out += "HTTP/1.1 ";
  append_json_number(out, response.status);
  out += ' ';
  out += reason_phrase(response.status);
  out += "\r\n";
  append_line(out, "Date", date());
  if (may_have_body(response)) {
    append_line(out, "Content-Type", response.content_type);
    append_framing(out, request, response);
  }
  for (const auto& [name, value] : response.headers) append_line(out, name, value);
  out +=
      "X-Content-Type-Options: nosniff\r\n"
      "X-Frame-Options: DENY\r\n"
      "Referrer-Policy: no-referrer\r\n";
  append_line(out, "Content-Security-Policy",
              response.content_security_policy.empty() ? kStrictPolicy : response.content_security_policy);
  if (hsts_) out += "Strict-Transport-Security: max-age=31536000\r\n";
  if (!keep_alive) {
    out += "Connection: close\r\n";
  } else if (request.minor_version() == 0) {
    out += "Connection: keep-alive\r\n";
  }
  out += "\r\n";
  const bool body_follows = may_have_body(response) && !response.stream && request.method() != Method::head;
  if (body_follows) out += response.body;
}

}  // namespace kriya::http::server
