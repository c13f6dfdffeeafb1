#include "http/server/server.h"

#include <future>

#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>
#include <sys/socket.h>

#include "http/server/listener.h"

namespace kriya::http::server {
namespace {

constexpr std::size_t kMaxHeldBodyBytes = 128 * 1024 * 1024;

constexpr std::chrono::seconds kHandlersEnd{20};  // longer than any request's deadline

using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

/// Binds the first socket without SO_REUSEPORT, so that a port in use is refused even when its owner shares it (another
/// kriya would otherwise take half of the traffic). Only once it listens does it open the port to our other threads.
boost::system::error_code bind_all(const asio::ip::address& address, std::uint16_t port, IoThreads& threads,
                                   std::vector<Acceptor>& acceptors) {
  boost::system::error_code ec;
  for (unsigned i = 0; i < threads.count() && !ec; ++i) {
    const bool first = i == 0;
    const asio::ip::tcp::endpoint endpoint(address, first ? port : acceptors.front().local_endpoint().port());
    Acceptor& acceptor = acceptors.emplace_back(threads.context(i).get_executor());
    acceptor.open(endpoint.protocol(), ec);
    if (!ec) acceptor.set_option(asio::socket_base::reuse_address(true), ec);
    if (!ec && !first) acceptor.set_option(ReusePort(true), ec);
    if (!ec) acceptor.bind(endpoint, ec);
    if (!ec) acceptor.listen(asio::socket_base::max_listen_connections, ec);
    if (!ec && first) acceptor.set_option(ReusePort(true), ec);
  }
  return ec;
}

}  // namespace

struct Server::Parts {
  Parts(Options settings, IoThreads& io, const telemetry::Log& logger, telemetry::Metrics& numbers)
      : options(std::move(settings)),
        threads(io),
        log(logger),
        metrics(numbers),
        limits(options.max_connections, options.max_connections_per_address, options.exempt_from_address_limit) {}

  /// Runs `work` on the thread of every listener and waits for all.
  template <class Work>
  void on_each_listener(Work work) {
    std::vector<std::future<void>> done;
    for (unsigned i = 0; i < listeners.size(); ++i) {
      auto finished = std::make_shared<std::promise<void>>();
      done.push_back(finished->get_future());
      asio::post(threads.context(i), [listener = listeners[i].get(), work, finished] {
        work(*listener);
        finished->set_value();
      });
    }
    for (auto& one : done) one.wait();
  }

  Options options;
  IoThreads& threads;
  const telemetry::Log& log;
  telemetry::Metrics& metrics;
  ConnectionLimits limits;
  BodyBudget budget{kMaxHeldBodyBytes};
  SessionTimes times;
  std::uint16_t port = 0;
  std::vector<Acceptor> acceptors;
  std::vector<std::unique_ptr<Listener>> listeners;
};

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::bind(Options options, IoThreads& threads, const telemetry::Log& log,
                                             telemetry::Metrics& metrics) {
  auto parts = std::make_unique<Parts>(std::move(options), threads, log, metrics);
  const std::string& host = parts->options.host;
  boost::system::error_code ec;
  const auto address = asio::ip::make_address(host == "localhost" ? "127.0.0.1" : host, ec);
  if (!ec) ec = bind_all(address, parts->options.port, threads, parts->acceptors);
  if (ec) {
    return fail(Errc::unavailable, "Cannot listen on " + host + " port " + std::to_string(parts->options.port) + ": " +
                                       ec.message() + ".");
  }
  parts->port = parts->acceptors.front().local_endpoint().port();
  return std::unique_ptr<Server>(new Server(std::move(parts)));
}

std::uint16_t Server::port() const { return parts_->port; }

void Server::start(Handler& handler) {
  for (Acceptor& acceptor : parts_->acceptors) {
    parts_->listeners.push_back(std::make_unique<Listener>(std::move(acceptor), handler, parts_->limits, parts_->budget,
                                                           parts_->times, parts_->options.strict_transport_security,
                                                           parts_->log, parts_->metrics));
    parts_->listeners.back()->start();
  }
  parts_->acceptors.clear();
  parts_->metrics.gauge("kriya_connections_open", "Open connections.",
                        [parts = parts_.get()] { return static_cast<double>(parts->limits.open()); });
}

Server::Stopped Server::stop(std::chrono::milliseconds timeout) {
  parts_->on_each_listener([](Listener& listener) { listener.drain(); });
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  const auto wait_until = [this](std::chrono::steady_clock::time_point until) {
    while (parts_->limits.open() > 0 && std::chrono::steady_clock::now() < until) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return parts_->limits.open() == 0;
  };
  if (wait_until(deadline)) return Stopped::in_order;
  parts_->on_each_listener([](Listener& listener) { listener.abort_all(); });
  return wait_until(std::chrono::steady_clock::now() + kHandlersEnd) ? Stopped::cut : Stopped::busy;
}

}  // namespace kriya::http::server
