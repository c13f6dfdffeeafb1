// Calls to other people's HTTP servers: providers of messages, model servers. The port; curl.h has the one that calls.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

#include "runtime/deadline.h"
#include "runtime/task.h"

namespace kriya::http::client {

using Headers = std::vector<std::pair<std::string, std::string>>;

/// What is to be sent. `Host`, `User-Agent`, `Accept: */*` and `Content-Length` are added where missing, nothing else:
/// no `Content-Type`, no `Expect`. A length or a transfer coding is never among the headers.
struct Request {
  std::string method;  // as it goes out: "GET", "POST", ...
  std::string url;     // http or https, without a user name
  Headers headers = {};
  std::string body = {};  // goes out byte for byte

  // GET and HEAD may go over a connection that an earlier call left open, and may be sent again on another when it
  // turns out to be dead. Everything else is sent at most once, and gets a connection of its own unless this says
  // otherwise: an old one may break after it took the request, and then nobody knows whether it was heard
  // (Failure::sent).
  bool reuse_connection = false;
};

/// The whole answer, whatever its status: a 404 or a 503 is an answer too. Redirects are not followed.
struct Response {
  int status = 0;
  Headers headers = {};  // in their order, names as they came
  std::string body = {};
  std::chrono::microseconds elapsed{};  // from the first step, finding the address, to the last byte

  /// The first value of a header, any case of its name; nullopt when absent.
  std::optional<std::string_view> header(std::string_view name) const;
};

/// Why there is no answer.
struct Failure {
  bool sent;             // false: certain that no byte of the request was sent; the call may be repeated
  std::string detail;    // for logs: nothing of the URL's query, of a header or of a body
  bool timed_out;        // the deadline passed, or no connection came about in time
  bool stopped = false;  // given up, because nobody waits for the answer any more (Deadline::stop)
};

using Answer = tl::expected<Response, Failure>;

/// Safe to call from any thread; the coroutine goes on on its own. `run_to_completion` will do, too.
class Client {
 public:
  virtual ~Client() = default;

  /// Ends with the deadline, or at once when its stop is requested.
  virtual Task<Answer> send(Request request, Deadline deadline) = 0;
};

}  // namespace kriya::http::client
