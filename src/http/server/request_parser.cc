#include "http/server/request_parser.h"

#include <algorithm>

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
  if (ec == beast_http::error::need_more) ec = {};
  if (ec) return fail(to_error(ec, bytes));
  if (request_.target().size() > kMaxTargetBytes) return fail(Errc::uri_too_long, "The target is longer than 8 KiB.");
  if (unknown_expectation_) {
    return fail(Errc::expectation_failed, "The only expectation that this server knows is 100-continue.");
  }
  return used;
}

void RequestParser::on_request_impl(beast_http::verb, Text method_text, Text target, int version, Code&) {
  request_.set_start(method_text, target, version % 10);
}

void RequestParser::on_field_impl(beast_http::field field, Text name, Text value, Code&) {
  request_.add_header(name, value);
  if (field == beast_http::field::expect) {
    expects_continue_ = equals_ignoring_case(value, "100-continue");
    unknown_expectation_ = !expects_continue_;
  }
}

void RequestParser::on_header_impl(Code&) {}

void RequestParser::on_body_init_impl(const boost::optional<std::uint64_t>& length, Code&) {
  if (length) request_.mutable_body().reserve(static_cast<std::size_t>(std::min<std::uint64_t>(*length, 64 * 1024)));
}

std::size_t RequestParser::on_body_impl(Text body, Code&) {
  request_.mutable_body().append(body);
  return body.size();
}

std::size_t RequestParser::on_chunk_body_impl(std::uint64_t, Text body, Code& ec) { return on_body_impl(body, ec); }

}  // namespace kriya::http::server
