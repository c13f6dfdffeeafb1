#include "app/mcp_services.h"

#include "access/origins.h"
#include "base/version.h"

namespace kriya::app {
namespace {

constexpr std::string_view kInstructions =
    "Tools of Kriya: messages by SMS and WhatsApp, questions about phone numbers, and codes that prove them, on behalf "
    "of whoever signed in. Numbers are written as +14155550123. A message that was sent cannot be taken back.";

/// The machine's own names, by which nobody else's web page is reached. A page of another name that resolves to this
/// address (DNS rebinding) sends that name as its Host.
constexpr auto kLoopbackNames = std::to_array<std::string_view>({"localhost", "127.0.0.1", "[::1]"});

/// "kriya.example" of "https://kriya.example/here", with its port if it has one.
std::string authority_of(const std::string& url) {
  const std::string origin = access::origin_of(url);
  return origin.substr(origin.find("://") + 3);
}

std::vector<std::string> hosts(const config::Settings& settings, const std::string& public_url) {
  std::vector<std::string> all = settings.mcp_allowed_hosts;
  all.push_back(authority_of(public_url));
  if (!settings.in_production()) all.insert(all.end(), kLoopbackNames.begin(), kLoopbackNames.end());
  return all;
}

std::vector<std::string> origins(const config::Settings& settings, const std::string& public_url, std::uint16_t port) {
  std::vector<std::string> all = settings.allowed_origins;
  all.push_back(access::origin_of(public_url));
  if (settings.in_production()) return all;
  for (const std::string_view name : kLoopbackNames) {
    all.push_back("http://" + std::string(name) + ":" + std::to_string(port));
  }
  return all;
}

constexpr std::chrono::seconds kAnswerWithin{5};

/// A database that is away for a moment ends no streams.
Task<bool> still_good(access::Principals* principals, std::string bearer) {
  const auto principal = co_await principals->of_bearer(std::move(bearer), Deadline::after(kAnswerWithin));
  co_return principal || principal.error().code != Errc::invalid_token;
}

}  // namespace

McpServices::McpServices(const config::Settings& settings, const std::string& public_url, std::uint16_t port,
                         tools::ToolSource& tools, access::Principals& principals, const Clock& clock,
                         const telemetry::Log& log)
    : offer(tools, {.version = kVersion, .instructions = std::string(kInstructions)}),
      endpoint({.hosts = hosts(settings, public_url),
                .origins = origins(settings, public_url, port),
                .still_good = [&principals](std::string bearer) { return still_good(&principals, std::move(bearer)); }},
               offer, changes, settings.master_key, clock, log) {}

}  // namespace kriya::app
