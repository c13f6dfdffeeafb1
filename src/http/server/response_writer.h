// A Response as bytes.
#pragma once

#include <string>

#include "http/message.h"

namespace kriya::http::server {

/// Whether the body is written by `response.stream`: there is one, and the request may have a body for an answer.
bool is_streamed(const Request& request, const Response& response);

/// Headers that every answer bears. One per I/O thread, because it keeps the current second's date.
class ResponseWriter {
 public:
  /// `strict_transport_security` adds the HSTS header, for servers that are reached by https.
  explicit ResponseWriter(bool strict_transport_security) : hsts_(strict_transport_security) {}

  /// Appends the answer to `request`, of a streamed one the head alone. `keep_alive` is what the connection will really
  /// do.
  void append(std::string& out, const Request& request, const Response& response, bool keep_alive);

 private:
  const std::string& date();

  bool hsts_;
  std::int64_t date_second_ = -1;
  std::string date_;
};

}  // namespace kriya::http::server
