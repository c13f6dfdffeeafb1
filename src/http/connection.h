// The client's end, for answers that take long or are written while they come into being.
#pragma once

#include <stop_token>
#include <string>

#include "runtime/task.h"

namespace kriya::http {

/// The connection by which a request came; used on its I/O thread alone, while the request is being answered.
class Connection {
 public:
  virtual ~Connection() = default;

  /// Requested when the client goes away before its answer has left whole, or when the server must cut it. The
  /// connection is watched from the first call on; quick handlers need none of this. What is called back runs on the
  /// I/O thread, and must not go on with the request's coroutine itself: it posts, or cancels what that waits for.
  virtual std::stop_token gone() = 0;
};

/// Where the body of a `Response::stream` goes; one `write` at a time.
class BodyWriter {
 public:
  virtual ~BodyWriter() = default;

  /// Sends some bytes now, as one chunk (none: nothing); returns when the kernel has them. False: the client is gone,
  /// or takes nothing for too long, and nothing more can reach it.
  virtual Task<bool> write(std::string bytes) = 0;
};

}  // namespace kriya::http
