// Answers that are read while they arrive, as server-sent events are.
#pragma once

#include <memory>

#include "http/client/client.h"

namespace kriya::http::client {

/// One such answer, for one coroutine. Whoever reads slowly slows the server down; destroying it gives the rest up and
/// closes the connection.
class Stream {
 public:
  using Piece = tl::expected<std::optional<std::string>, Failure>;

  virtual ~Stream() = default;

  /// Status and headers; the body is empty. The status may be an error's: then `next` has its body.
  virtual const Response& head() const = 0;

  /// The bytes that have come since, at least one, cut anywhere; nullopt at the end of the body. After that, or a
  /// failure (where `sent` is true), it is not called again. Once the deadline's stop is requested it fails, `stopped`,
  /// and drops what has come meanwhile.
  virtual Task<Piece> next() = 0;
};

using Opened = tl::expected<std::unique_ptr<Stream>, Failure>;

class StreamingClient {
 public:
  virtual ~StreamingClient() = default;

  /// Returns when the first bytes of the body are there, or its end. The deadline is for the whole answer.
  virtual Task<Opened> open(Request request, Deadline deadline) = 0;
};

}  // namespace kriya::http::client
