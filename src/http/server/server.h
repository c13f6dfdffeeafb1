// The HTTP/1.1 server: one listener an I/O thread on one port.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "http/handler.h"
#include "runtime/io_threads.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

namespace kriya::http::server {

class Server {
 public:
  struct Options {
    std::string host;        // an IP address, or "localhost"
    std::uint16_t port = 0;  // 0: any free one
    std::size_t max_connections = 10'000;
    std::size_t max_connections_per_address = 1'024;
    std::function<bool(const std::string&)> exempt_from_address_limit;
    bool strict_transport_security = false;
  };

  /// Binds the port for all threads. Errors: unavailable, when the address cannot be bound, also because another kriya
  /// has it. Clients may connect from now on; they are answered after `start`.
  static Result<std::unique_ptr<Server>> bind(Options options, IoThreads& threads, const telemetry::Log& log,
                                              telemetry::Metrics& metrics);
  ~Server();

  std::uint16_t port() const;

  /// Starts to accept. `handler` must outlive the server. Call once, before or after the threads run.
  void start(Handler& handler);

  enum class Stopped { in_order, cut, busy };

  /// Stops accepting, lets what is in flight finish for at most `timeout`, then cuts the connections and waits for
  /// their handlers, which have deadlines of their own. `busy`: some handler still runs, so nothing that it uses may be
  /// destroyed. Call from outside the I/O threads, which must be running.
  Stopped stop(std::chrono::milliseconds timeout);

 private:
  struct Parts;
  explicit Server(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace kriya::http::server
