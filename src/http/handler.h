// What the server asks of the layer above it: an answer to every request, and to every broken one.
#pragma once

#include <string>

#include "base/error.h"
#include "http/message.h"
#include "runtime/task.h"

namespace kriya::http {

class Handler {
 public:
  virtual ~Handler() = default;

  /// Answers a complete request from the connection's peer (an IP address). Never throws. The connection lives, as the
  /// request does, until the answer has left.
  virtual Task<Response> handle(const Request& request, const std::string& peer, Connection& connection) = 0;

  /// Answers a request that could not be read whole: too large, malformed, too slow. `request` holds what was read.
  virtual Response refuse(const Error& error, const Request& request, const std::string& peer) = 0;
};

}  // namespace kriya::http
