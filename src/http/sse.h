// Server-sent events (WHATWG HTML, section 9.2) as text: reading them as they arrive, and writing them.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace kriya::http {

struct SseEvent {
  std::string event = {};  // empty: "message"
  std::string data = {};
  std::string id = {};  // the last one that was said, which may be of an earlier event
  std::optional<std::chrono::milliseconds> retry = {};
};

/// Takes bytes, cut anywhere, and gives whole events.
class SseParser {
 public:
  /// `most_bytes` of one event, with its field names.
  explicit SseParser(std::size_t most_bytes = 16 * 1024 * 1024) : most_bytes_(most_bytes) {}

  /// The events that these bytes complete. Events without data are none, but their id and retry count.
  /// Errors: bad_request, when an event is too long; then it is not called again.
  Result<std::vector<SseEvent>> feed(std::string_view bytes);

  const std::string& last_id() const { return id_; }
  std::optional<std::chrono::milliseconds> retry() const { return retry_; }

 private:
  void take_line(std::string_view line, std::vector<SseEvent>& events);

  std::size_t most_bytes_;
  std::string line_;           // not yet ended
  bool after_return_ = false;  // the line before ended with CR: an LF that follows belongs to it
  bool at_start_ = true;       // a byte order mark may come
  std::string event_;
  std::string data_;
  bool has_data_ = false;
  std::string id_;
  std::optional<std::chrono::milliseconds> retry_;
};

/// One event as bytes. `event` and `id` hold no line breaks; `data` may.
std::string sse_text(std::string_view event, std::string_view data, std::string_view id = {});

/// A comment, which keeps a connection alive.
constexpr std::string_view kSseKeepAlive = ": keep-alive\n\n";

}  // namespace kriya::http
