#include "http/message.h"

#include "base/encoding.h"
#include "base/text.h"

namespace kriya::http {
namespace {

constexpr std::size_t kKeptBodyBytes = 16 * 1024;  // a connection may stay open for long after one large request

/// A proxy may send "http://host/path" (RFC 9112 section 3.2.2); the host is in the Host header as well.
std::string_view origin_form(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!equals_ignoring_case(target.substr(0, scheme.size()), scheme)) continue;
    const std::size_t path = target.find_first_of("/?", scheme.size());
    return path == std::string_view::npos ? "/" : target.substr(path);
  }
  return target;
}

}  // namespace

std::string_view name(Method method) {
  switch (method) {
    case Method::get:
      return "GET";
    case Method::head:
      return "HEAD";
    case Method::post:
      return "POST";
    case Method::put:
      return "PUT";
    case Method::patch:
      return "PATCH";
    case Method::delete_:
      return "DELETE";
    case Method::options:
      return "OPTIONS";
    case Method::other:
      return "OTHER";
  }
  return "OTHER";
}

Method parse_method(std::string_view text) {
  for (const Method method :
       {Method::get, Method::head, Method::post, Method::put, Method::patch, Method::delete_, Method::options}) {
    if (text == name(method)) return method;
  }
  return Method::other;
}

std::string_view Request::query() const {
  const std::size_t mark = target().find('?');
  return mark == std::string_view::npos ? std::string_view() : target().substr(mark + 1);
}

std::optional<std::string_view> Request::header(std::string_view wanted) const {
  for (const Header& header : headers_) {
    if (equals_ignoring_case(view(header.name), wanted)) return view(header.value);
  }
  return std::nullopt;
}

std::size_t Request::count(std::string_view wanted) const {
  std::size_t found = 0;
  for (const Header& header : headers_) found += equals_ignoring_case(view(header.name), wanted) ? 1 : 0;
  return found;
}

std::string Request::joined_header(std::string_view wanted) const {
  std::string joined;
  for (const Header& header : headers_) {
    if (!equals_ignoring_case(view(header.name), wanted)) continue;
    if (!joined.empty()) joined += ", ";
    joined += view(header.value);
  }
  return joined;
}

std::optional<std::string> Request::query_parameter(std::string_view wanted) const {
  std::optional<std::string> found;
  std::string_view left = query();
  while (!left.empty()) {
    const std::string_view pair = left.substr(0, left.find('&'));
    left.remove_prefix(std::min(left.size(), pair.size() + 1));
    const std::size_t equals = pair.find('=');
    if (pair.substr(0, equals) != wanted) continue;
    if (found) return std::nullopt;
    found = percent_decode(equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1));
    if (!found) return std::nullopt;
  }
  return found;
}

void Request::clear() {
  method_ = Method::other;
  minor_version_ = 1;
  target_ = {};
  headers_.clear();
  text_.clear();
  body_.clear();
  if (body_.capacity() > kKeptBodyBytes) body_.shrink_to_fit();
}

void Request::set_start(std::string_view method, std::string_view target, int minor_version) {
  method_ = parse_method(method);
  target_ = store(origin_form(target));
  minor_version_ = minor_version;
}

void Request::add_header(std::string_view header_name, std::string_view value) {
  const Span name_span = store(header_name);
  headers_.push_back({name_span, store(value)});
}

Request::Span Request::store(std::string_view text) {
  const Span span{static_cast<std::uint32_t>(text_.size()), static_cast<std::uint32_t>(text.size())};
  text_ += text;
  return span;
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 301:
      return "Moved Permanently";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Unknown";
  }
}

}  // namespace kriya::http
