#include "app/browsers.h"

namespace kriya::app {
namespace {

const char* same_site_name(config::SameSite value) {
  switch (value) {
    case config::SameSite::lax:
      return "Lax";
    case config::SameSite::strict:
      return "Strict";
    case config::SameSite::none:
      return "None";
  }
  return "Strict";
}

access::BrowserGate browser_gate(const config::Settings& settings, const std::string& public_url, std::uint16_t port) {
  const auto local_port = settings.in_production() ? std::nullopt : std::optional(port);
  return {.cookies = {settings.master_key,
                      {.production = settings.in_production(),
                       .secure = settings.cookie_secure,
                       .same_site = same_site_name(settings.cookie_same_site)}},
          .origins = {public_url, settings.allowed_origins, local_port}};
}

}  // namespace

identity::BrowserSignIn browser_sign_in(const config::Settings& settings, const std::string& public_url,
                                        std::uint16_t port, SignIn& sign_in, Clients& clients, const Clock& clock) {
  const bool development = !settings.in_production();
  return {browser_gate(settings, public_url, port),
          {.development = development, .demo_token = [&clients] { return clients.tokens.issue_demo(); }},
          sign_in.registration,
          sign_in.accounts,
          sign_in.sessions,
          sign_in.issuer,
          clock};
}

}  // namespace kriya::app
