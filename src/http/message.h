// A request as it arrived and a response as it will leave; no sockets here.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/connection.h"

namespace kriya::http {

enum class Method { get, head, post, put, patch, delete_, options, other };

/// "GET"; "OTHER" for methods that no route can have.
std::string_view name(Method method);
Method parse_method(std::string_view text);  // case-sensitive (RFC 9110 section 9.1)

/// One request. All texts live in one buffer, which keeps its capacity when a connection goes on to the next request.
class Request {
 public:
  Method method() const { return method_; }
  int minor_version() const { return minor_version_; }  // of HTTP/1.x
  std::string_view target() const { return view(target_); }
  std::string_view path() const { return target().substr(0, target().find('?')); }
  std::string_view query() const;

  /// The first value of a header, any case of its name; nullopt when absent.
  std::optional<std::string_view> header(std::string_view name) const;
  std::size_t count(std::string_view name) const;

  /// All values of a list header, joined by commas in order (RFC 9110 section 5.3).
  std::string joined_header(std::string_view name) const;

  /// The decoded value of a query parameter; nullopt when absent, repeated or badly escaped.
  std::optional<std::string> query_parameter(std::string_view name) const;

  /// Whether the client declared a body, even an empty one.
  bool has_body() const { return count("Content-Length") > 0 || count("Transfer-Encoding") > 0; }
  const std::string& body() const { return body_; }

  // For the parser.
  void clear();
  void set_start(std::string_view method, std::string_view target, int minor_version);
  void add_header(std::string_view name, std::string_view value);
  std::string& mutable_body() { return body_; }

 private:
  struct Span {
    std::uint32_t start = 0;
    std::uint32_t size = 0;
  };
  struct Header {
    Span name;
    Span value;
  };

  Span store(std::string_view text);
  std::string_view view(Span span) const { return std::string_view(text_).substr(span.start, span.size); }

  Method method_ = Method::other;
  int minor_version_ = 1;
  Span target_;
  std::vector<Header> headers_;
  std::string text_;
  std::string body_;
};

struct Response {
  int status = 200;
  std::string_view content_type = "application/json";  // static storage; unused without a body
  std::string body = {};
  std::vector<std::pair<std::string_view, std::string>> headers = {};  // names: static storage
  bool close = false;                                                  // end the connection after this answer
  std::string_view content_security_policy = {};                       // static storage; the strict default when empty

  /// Writes the body while it comes into being, instead of `body`: called once, after the head has left, in chunks
  /// (HTTP/1.1) or until the end of the connection (HTTP/1.0). Never for HEAD, nor when the client is gone before. What
  /// it owns, and the Connection and the Request, live until it returns; the Caller does not.
  std::function<Task<void>(BodyWriter&)> stream = {};

  void add_header(std::string_view name, std::string_view value) { headers.emplace_back(name, value); }
};

/// "OK" for 200, and so on; "Unknown" for a status that Kriya never sends.
std::string_view reason_phrase(int status);

}  // namespace kriya::http
