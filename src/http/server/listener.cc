#include "http/server/listener.h"

#include <exception>

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>

#include "http/client_address.h"

namespace kriya::http::server {
namespace {

constexpr std::chrono::milliseconds kDeadlineCheck{500};
constexpr std::chrono::milliseconds kAcceptPause{100};

}  // namespace

Listener::Listener(Acceptor acceptor, Handler& handler, ConnectionLimits& limits, BodyBudget& budget,
                   const SessionTimes& times, bool hsts, const telemetry::Log& log, telemetry::Metrics& metrics)
    : acceptor_(std::move(acceptor)),
      timer_(acceptor_.get_executor()),
      handler_(handler),
      limits_(limits),
      budget_(budget),
      times_(times),
      log_(log),
      accepted_(
          metrics.counter("kriya_connections_total", "Connections by what became of them.", {{"outcome", "accepted"}})),
      refused_(
          metrics.counter("kriya_connections_total", "Connections by what became of them.", {{"outcome", "refused"}})),
      writer_(hsts) {}

void Listener::start() {
  const auto report = [this](std::exception_ptr failure) {
    if (failure) log_.error("a listener stopped by an exception");
  };
  asio::co_spawn(acceptor_.get_executor(), accept_until_closed(), report);
  asio::co_spawn(acceptor_.get_executor(), watch_deadlines(), report);
}

Task<void> Listener::accept_until_closed() {
  while (acceptor_.is_open()) {
    Socket socket(acceptor_.get_executor());
    const auto [ec] = co_await acceptor_.async_accept(socket, use_result);
    if (!ec) {
      admit(std::move(socket));
    } else if (ec != asio::error::operation_aborted && ec != asio::error::connection_aborted) {
      // Out of file descriptors, most likely: the queue keeps until connections have closed.
      log_.warning("cannot accept a connection", {{"cause", std::string_view(ec.message())}});
      Timer pause(acceptor_.get_executor(), kAcceptPause);
      co_await pause.async_wait(use_result);
    }
  }
}

Task<void> Listener::watch_deadlines() {
  while (!draining_ || !sessions_.empty()) {
    timer_.expires_after(kDeadlineCheck);
    co_await timer_.async_wait(use_result);
    const auto now = std::chrono::steady_clock::now();
    for (Session& session : sessions_) session.check_deadline(now);
  }
}

void Listener::admit(Socket socket) {
  boost::system::error_code ec;
  const auto endpoint = socket.remote_endpoint(ec);
  if (ec) return;  // gone already
  const std::string peer = address_text(endpoint.address());
  socket.non_blocking(true, ec);
  if (!limits_.admit(peer)) {
    refused_.add();
    refuse(socket, peer);
    return;
  }
  accepted_.add();
  socket.set_option(asio::ip::tcp::no_delay(true), ec);
  sessions_.emplace_front(std::move(socket), peer, handler_, writer_, times_, budget_);
  const auto session = sessions_.begin();
  if (draining_) session->drain();
  asio::co_spawn(acceptor_.get_executor(), serve(session), [this](std::exception_ptr failure) {
    if (failure) log_.error("a session stopped by an exception");
  });
}

/// One attempt to say why: a client that does not take the answer at once goes without.
void Listener::refuse(Socket& socket, const std::string& peer) {
  const Request nothing_read;
  const Response response = handler_.refuse({Errc::overloaded, "Too many connections are open."}, nothing_read, peer);
  std::string bytes;
  writer_.append(bytes, nothing_read, response, false);
  boost::system::error_code ignored;
  socket.send(asio::buffer(bytes), 0, ignored);
}

Task<void> Listener::serve(Sessions::iterator session) {
  struct Leave {
    Listener& listener;
    Sessions::iterator session;
    ~Leave() {
      const std::string peer = session->peer();
      listener.sessions_.erase(session);
      listener.limits_.release(peer);
    }
  };
  const Leave leave{*this, session};
  co_await session->run();
}

void Listener::drain() {
  draining_ = true;
  boost::system::error_code ec;
  acceptor_.non_blocking(true, ec);
  while (acceptor_.is_open()) {
    Socket socket(acceptor_.get_executor());
    acceptor_.accept(socket, ec);
    if (ec) break;
    admit(std::move(socket));
  }
  acceptor_.close(ec);
  for (Session& session : sessions_) session.drain();
  timer_.cancel();
}

void Listener::abort_all() {
  for (Session& session : sessions_) session.abort();
}

}  // namespace kriya::http::server
