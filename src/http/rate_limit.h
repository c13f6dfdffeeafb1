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

/// One line of an endpoint's list: at most `requests` in `window` for each subject of the scope, and as many at once.
/// Endpoints whose lists hold the same limit share its counters.
struct RateLimit {
  /// Who is counted as one, and when the dispatcher takes the limit.
  enum class Scope {
    address,    // the client's address (an IPv6 network of 64 bits is one); before any credential is looked at
    stranger,   // the address of a caller without an accepted X-API-Key; after the access rules, also when they refused
                // the caller, so that whoever guesses keys is counted, and a server with a good key is not
    api_key,    // the X-API-Key that was accepted; nothing is counted for requests without one
    user,       // the user whom an accepted token names; nothing is counted without one
    principal,  // whoever acts, as the rules' last question to the database found out; nothing is counted without one
  };
  /// What happens while the counters are out of reach: a limit that protects money or guesses is closed, and the
  /// request is refused with 503; any other is open, and this instance counts by itself meanwhile.
  enum class WhenAway { open, closed };

  std::string name;  // "register": part of the counter's key, of metrics, and of the headers; letters, digits, "-"
  Scope scope = Scope::address;
  std::int64_t requests = 0;
  std::chrono::seconds window{60};
  WhenAway when_away = WhenAway::open;

  bool operator==(const RateLimit&) const = default;
};

/// What a limit said about one request.
struct RateLimitVerdict {
  bool allowed = true;
  std::int64_t remaining = 0;           // requests that could follow at once
  std::chrono::milliseconds renewed{};  // until the whole quota is there again; if none remain, until the next one fits
};

/// Counts requests. Safe to use from every I/O thread. Implemented by access::RateLimits.
class RateLimiter {
 public:
  virtual ~RateLimiter() = default;

  /// Errors: unavailable (the counters are out of reach and the limit is closed then).
  virtual Task<Result<RateLimitVerdict>> take(const RateLimit& limit, std::string subject, Deadline deadline) = 0;
};

/// Whom the limit counts this request for; nullopt when it does not concern the request. Never a key or a phone number:
/// it is stored where the counters are.
std::optional<std::string> subject_of(const RateLimit& limit, const Caller& caller);

/// too_many_requests, with words and a time for the client.
Error refusal(const RateLimit& limit, const RateLimitVerdict& verdict);

/// What all limits of one request said, as headers (draft-ietf-httpapi-ratelimit-headers-10).
class RateLimitReport {
 public:
  void add(const RateLimit& limit, const RateLimitVerdict& verdict);

  /// Adds RateLimit-Policy and RateLimit, unless no limit was asked.
  void write_to(Response& response) const;

 private:
  std::string policies_;
  std::string states_;
};

}  // namespace kriya::http
