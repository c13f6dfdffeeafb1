// Bytes to a Request, with Beast's hardened HTTP/1.1 grammar and our limits. No socket: fuzzed as it stands.
#pragma once

#include <optional>

#include <boost/beast/http/basic_parser.hpp>

#include "base/error.h"
#include "http/message.h"

namespace kriya::http::server {

constexpr std::size_t kMaxHeaderBytes = 16 * 1024;
constexpr std::size_t kMaxBodyBytes = 1024 * 1024;

/// Parses one request; make a new one for the next. Limits are checked while reading, so a message that lies about its
/// length cannot pass them. What two servers in a row could read differently is refused: the grammar is stricter here
/// than RFC 9112 allows a recipient to be.
class RequestParser final : public boost::beast::http::basic_parser<true> {
 public:
  /// `request` is cleared, then filled while parsing.
  explicit RequestParser(Request& request);

  /// Reads from the front of `bytes`; returns how many were used. More bytes are needed until `is_done()`.
  /// Errors: bad_request, headers_too_large, payload_too_large, uri_too_long, http_version_not_supported.
  Result<std::size_t> feed(std::string_view bytes);

  /// The client waits for "100 Continue" before it sends the body.
  bool expects_continue() const { return expects_continue_; }

 private:
  using Code = boost::system::error_code;
  using Text = boost::beast::string_view;
  void on_request_impl(boost::beast::http::verb method, Text method_text, Text target, int version, Code&) override;
  void on_response_impl(int, Text, int, Code&) override {}
  void on_field_impl(boost::beast::http::field, Text name, Text value, Code&) override;
  void on_header_impl(Code&) override;
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, Code&) override;
  std::size_t on_body_impl(Text body, Code&) override;
  void on_chunk_header_impl(std::uint64_t, Text, Code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t remain, Text body, Code&) override;
  void on_finish_impl(Code&) override {}

  Result<void> check_header() const;
  Result<void> check_framing() const;

  Request& request_;
  std::size_t header_bytes_ = 0;  // of the request line, the headers and the trailers
  bool header_done_ = false;
  bool expects_continue_ = false;
  std::optional<Error> refusal_;  // what our own rules found, in words of our own
};

}  // namespace kriya::http::server
