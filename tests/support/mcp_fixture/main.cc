// A server of the protocol for the official conformance suite: what the suite expects is offered by the production
// endpoint, on a free port of this machine, to everybody. Prints its URL, and ends with its standard input.
#include <iostream>
#include <optional>

#include "crypto/random.h"
#include "http/dispatcher.h"
#include "http/server/server.h"
#include "mcp/endpoint.h"
#include "tests/support/mcp_fixture/fixture_offer.h"

int main() {
  using namespace kriya;
  using namespace std::chrono_literals;
  const SystemClock clock;
  const telemetry::Log log({.level = telemetry::Level::warning, .file = {}});
  telemetry::Metrics metrics;
  IoThreads threads(2);
  auto server =
      http::server::Server::bind({.host = "localhost", .exempt_from_address_limit = {}}, threads, log, metrics);
  if (!server) {
    std::cerr << server.error().detail << '\n';
    return 1;
  }
  mcp::ChangeFeed changes;
  tests::FixtureOffer offer(changes);
  mcp::Endpoint endpoint({.hosts = {"localhost", "127.0.0.1", "[::1]"},
                          .origins = {"http://localhost", "http://127.0.0.1", "http://[::1]"}},
                         offer, changes, Secret(crypto::random_token()), clock, log);
  http::Router router;
  endpoint.add_to(router, "/mcp", {});
  http::Dispatcher dispatcher({.is_trusted_proxy = [](const std::string&) { return false; }, .allowed_origins = {}},
                              router, nullptr, log, metrics);
  (*server)->start(dispatcher);
  threads.start();
  std::cout << "http://localhost:" << (*server)->port() << "/mcp" << std::endl;
  std::string line;
  while (std::getline(std::cin, line)) continue;
  const bool ended = endpoint.stop(5s);
  const auto stopped = (*server)->stop(5s);
  threads.stop();
  return ended && stopped != http::server::Server::Stopped::busy ? 0 : 1;
}
