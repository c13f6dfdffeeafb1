#include "http/server/request_parser.h"

#include <algorithm>
#include <cctype>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>

#include "base/text.h"

namespace kriya::http::server {
namespace {

namespace beast_http = boost::beast::http;

constexpr std::size_t kMaxTargetBytes = 8 * 1024;

/// Whether the request line ends in a well-formed version. The grammar gives one error for an unknown version and for
/// no version at all.
bool names_a_version(std::string_view bytes) {
  const std::size_t end = bytes.find("\r\n");
  if (end == std::string_view::npos) return false;
  const std::string_view line = bytes.substr(0, end);
  const std::string_view version = line.substr(line.rfind(' ') + 1);
  const auto digit = [&](std::size_t i) { return version[i] >= '0' && version[i] <= '9'; };
  return version.size() == 8 && version.starts_with("HTTP/") && digit(5) && version[6] == '.' && digit(7) &&
         std::ranges::count(line, ' ') == 2;
}

/// uri-host [ ":" port ] (RFC 9110 section 7.2), by its characters.
bool is_host(std::string_view host) {
  if (host.starts_with('[')) {
    const std::size_t end = host.find(']');
    if (end == std::string_view::npos || host.find_first_not_of("0123456789abcdefABCDEF:.", 1) != end) return false;
    host.remove_prefix(end + 1);
  } else {
    const auto allowed = [](unsigned char c) {
      return std::isalnum(c) ||
             std::string_view("-._~%!$&'()*+;=").find(static_cast<char>(c)) != std::string_view::npos;
    };
    const std::size_t end = std::min(host.find(':'), host.size());
    if (!std::ranges::all_of(host.substr(0, end), allowed)) return false;
    host.remove_prefix(end);
  }
  return host.empty() || (host.front() == ':' && host.find_first_not_of("0123456789", 1) == std::string_view::npos);
}

Error to_error(const boost::system::error_code& ec, std::string_view bytes) {
  if (ec == beast_http::error::header_limit) {
    return {Errc::headers_too_large, "The request line and headers are larger than 16 KiB."};
  }
  if (ec == beast_http::error::body_limit) return {Errc::payload_too_large, "The body is larger than 1 MiB."};
  if (ec == beast_http::error::bad_version && names_a_version(bytes)) {
    return {Errc::http_version_not_supported, "This server speaks HTTP/1.0 and HTTP/1.1."};
  }
  return {Errc::bad_request, "The request is not valid HTTP: " + ec.message() + "."};
}

}  // namespace

RequestParser::RequestParser(Request& request) : request_(request) {
  request_.clear();
  header_limit(kMaxHeaderBytes);
  body_limit(kMaxBodyBytes);
  eager(true);
}

Result<std::size_t> RequestParser::feed(std::string_view bytes) {
  boost::system::error_code ec;
  const std::size_t used = put(boost::asio::buffer(bytes.data(), bytes.size()), ec);
  if (refusal_) return fail(*refusal_);
  if (ec == beast_http::error::need_more) ec = {};
  if (ec) return fail(to_error(ec, bytes));
  return used;
}

void RequestParser::on_request_impl(beast_http::verb, Text method_text, Text target, int version, Code& ec) {
  request_.set_start(method_text, target, version % 10);
  header_bytes_ = method_text.size() + target.size() + 12;
  if (target.size() <= kMaxTargetBytes) return;
  refusal_ = Error{Errc::uri_too_long, "The target is longer than 8 KiB."};
  ec = beast_http::error::bad_target;
}

void RequestParser::on_field_impl(beast_http::field, Text name, Text value, Code& ec) {
  // The grammar's own limit counts what one call sees; this counts the whole, trailers too.
  header_bytes_ += name.size() + value.size() + 4;
  if (header_bytes_ > kMaxHeaderBytes) ec = beast_http::error::header_limit;
  if (!header_done_) request_.add_header(name, value);  // a trailer must not change what was checked (RFC 9110, 6.5.1)
}

void RequestParser::on_header_impl(Code& ec) {
  header_done_ = true;
  if (auto good = check_header(); !good) {
    refusal_ = good.error();
    ec = beast_http::error::bad_field;
  }
  expects_continue_ = request_.minor_version() >= 1 && request_.header("Expect").has_value();
}

Result<void> RequestParser::check_header() const {
  const bool is_1_0 = request_.minor_version() == 0;
  const std::size_t hosts = request_.count("Host");
  if (hosts > 1 || (hosts == 0 && !is_1_0)) {
    return fail(Errc::bad_request, "An HTTP/1.1 request carries exactly one Host header.");
  }
  if (hosts == 1 && !is_host(*request_.header("Host"))) {
    return fail(Errc::bad_request, "The Host header is not a host, optionally with a port.");
  }
  // RFC 9110 section 10.1.1: an expectation in HTTP/1.0 means nothing.
  if (const auto expect = request_.header("Expect");
      !is_1_0 && expect && !equals_ignoring_case(*expect, "100-continue")) {
    return fail(Errc::expectation_failed, "The only expectation that this server knows is 100-continue.");
  }
  return check_framing();
}

/// Where the body ends must not be a matter of opinion (RFC 9112 section 6.3): one Transfer-Encoding, `chunked`, in
/// HTTP/1.1 only. The grammar has refused it beside Content-Length already.
Result<void> RequestParser::check_framing() const {
  const std::size_t codings = request_.count("Transfer-Encoding");
  if (codings == 0) return {};
  const bool plain = codings == 1 && equals_ignoring_case(*request_.header("Transfer-Encoding"), "chunked");
  if (!plain || request_.minor_version() == 0) {
    return fail(Errc::bad_request, "The only Transfer-Encoding that this server takes is chunked, in HTTP/1.1.");
  }
  return {};
}

void RequestParser::on_body_init_impl(const boost::optional<std::uint64_t>& length, Code&) {
  if (length) request_.mutable_body().reserve(static_cast<std::size_t>(std::min<std::uint64_t>(*length, 64 * 1024)));
}

std::size_t RequestParser::on_body_impl(Text body, Code&) {
  request_.mutable_body().append(body);
  return body.size();
}

std::size_t RequestParser::on_chunk_body_impl(std::uint64_t, Text body, Code& ec) { return on_body_impl(body, ec); }

}  // namespace kriya::http::server
