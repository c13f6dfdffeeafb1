// One I/O thread's share of the server: its accept queue, its connections, and the eye on their deadlines.
#pragma once

#include <list>
#include <memory>

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "http/handler.h"
#include "http/server/connection_limits.h"
#include "http/server/session.h"
#include "runtime/task.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

namespace kriya::http::server {

using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;
using Timer =
    asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Executor>;

/// All members are used on the acceptor's own I/O thread only.
class Listener {
 public:
  Listener(Acceptor acceptor, Handler& handler, ConnectionLimits& limits, BodyBudget& budget, const SessionTimes& times,
           bool hsts, const telemetry::Log& log, telemetry::Metrics& metrics);

  void start();

  /// Takes what waits in the accept queue (a closed queue would reset those clients), stops accepting, and lets every
  /// session finish its request.
  void drain();

  void abort_all();
  bool finished() const { return sessions_.empty(); }

 private:
  using Sessions = std::list<Session>;

  Task<void> accept_until_closed();
  Task<void> watch_deadlines();
  void admit(Socket socket);
  void refuse(Socket& socket, const std::string& peer);
  Task<void> serve(Sessions::iterator session);

  Acceptor acceptor_;
  Timer timer_;
  Handler& handler_;
  ConnectionLimits& limits_;
  BodyBudget& budget_;
  const SessionTimes& times_;
  const telemetry::Log& log_;
  telemetry::Counter& accepted_;
  telemetry::Counter& refused_;
  ResponseWriter writer_;
  Sessions sessions_;
  bool draining_ = false;
};

}  // namespace kriya::http::server
