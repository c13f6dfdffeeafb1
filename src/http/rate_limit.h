// General limits on requests, as an endpoint declares them; who counts is behind the port.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/error.h"
#include "http/caller.h"
#include "http/message.h"
#include "runtime/task.h"

namespace kriya::http {

/// One line of an endpoint's list: at most `requests` in `window` for each subject of the scope.
struct RateLimit {
  enum class Scope {
    address,  // the client's address (an IPv6 network of 64 bits counts as one); before any credential is looked at
    api_key,  // the X-API-Key that was accepted; nothing is counted for requests without one
    user,     // the user whom the accepted token names
  };
  /// What happens while the counters are out of reach: a limit that protects money or guesses is closed, and the
  /// request is refused with 503; any other is open, and this instance counts by itself meanwhile.
  enum class WhenAway { open, closed };

  std::string name;  // "register": part of the counter's key and of the RateLimit-Policy header
  Scope scope = Scope::address;
  std::int64_t requests = 0;
  std::chrono::seconds window{60};
  WhenAway when_away = WhenAway::open;
};

/// What a limit said about one request.
struct RateLimitVerdict {
  bool allowed = true;
  std::int64_t remaining = 0;
  std::chrono::milliseconds reset{};        // until the whole quota is there again
  std::chrono::milliseconds retry_after{};  // until the next request fits; 0 when allowed
};

/// Counts requests. Implemented by access::RateLimits.
class RateLimiter {
 public:
  virtual ~RateLimiter() = default;

  /// Errors: unavailable (the counters are out of reach and the limit is closed then).
  virtual Task<Result<RateLimitVerdict>> take(const RateLimit& limit, std::string subject, Deadline deadline) = 0;
};

}  // namespace kriya::http
