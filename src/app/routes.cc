#include "app/routes.h"

#include "access/api_key.h"
#include "access/principals.h"
#include "access/session_lookup.h"
#include "app/store.h"
#include "audit/tool_call_endpoints.h"
#include "base/version.h"
#include "identity/account_endpoints.h"
#include "identity/auth_endpoints.h"
#include "identity/browser_endpoints.h"
#include "messaging/messaging_endpoints.h"
#include "messaging/webhook_endpoints.h"
#include "oauth/token_endpoint.h"
#include "operations/docs_endpoints.h"
#include "operations/health_endpoints.h"
#include "operations/metrics_endpoint.h"
#include "verification/verification_endpoints.h"

namespace kriya::app {
namespace {

using access::ApiKeys;

/// Tools have limits of their own for each caller; this one slows down who only guesses tokens.
const http::RateLimit kMcpLimit{.name = "mcp", .requests = 6'000};

/// Without proof of numbers there is nothing for a registrar to be trusted with, and its key is not looked at.
http::AccessRule registrar_rule(const config::Settings& settings) {
  http::AccessRule rule = access::recognise_registrar(ApiKeys(settings.registration_api_keys));
  if (settings.phone_verification == config::PhoneVerification::off) {
    rule.check = [](const http::Request&, http::Caller&) -> Result<void> { return {}; };
  }
  return rule;
}

/// A key of MESSAGING_API_KEYS, or a person whom an operator gave the scope.
http::AccessRule messaging_rule(const config::Settings& settings, access::SessionLookup& sessions, const char* scope) {
  return access::api_key_or(
      access::require_api_key(
          ApiKeys(settings.messaging_api_keys),
          {"messaging_api_key",
           "MESSAGING_API_KEYS: for servers that send messages, or look numbers up and prove them."}),
      access::require_scope(sessions, scope));
}

void add_webhooks(http::Router& router, const config::Settings& settings, const Providers& providers,
                  messaging::ReceiptIntake& intake) {
  for (const messaging::ReceiptParser* parser : providers.receipt_parsers) {
    const bool meta = parser->provider() == "meta";
    messaging::add_receipt_endpoint(router, meta ? "/webhooks/whatsapp" : "/webhooks/telesign", *parser, intake);
  }
  if (!settings.whatsapp_verify_token.empty()) {
    messaging::add_handshake_endpoint(router, "/webhooks/whatsapp",
                                      messaging::MetaHandshake(settings.whatsapp_verify_token));
  }
}

}  // namespace

void add_routes(http::Router& router, const Served& served) {
  const config::Settings& settings = served.settings;
  SignIn& sign_in = served.sign_in;
  const auto for_scope = [&](const char* scope) { return messaging_rule(settings, sign_in.validation, scope); };
  identity::add_auth_endpoints(router,
                               {.registrar = registrar_rule(settings),
                                .token_validator = access::require_api_key(ApiKeys(settings.plane_api_keys))},
                               sign_in.registration, sign_in.refresh, sign_in.validation);
  identity::add_account_endpoints(router, {.validation = sign_in.validation,
                                           .sessions = sign_in.own_sessions,
                                           .reauthentication = sign_in.reauthentication,
                                           .phone_change = sign_in.phone_change,
                                           .data = sign_in.account_data});
  identity::add_browser_endpoints(router, served.browsers);
  identity::add_jwks_endpoint(router, sign_in.keys);
  oauth::add_token_endpoint(router, served.clients.credentials);
  verification::add_verification_endpoints(router, for_scope("phone:verify"), served.phone.verification());
  messaging::add_messaging_endpoints(
      router,
      {.send = for_scope("messages:send"), .read = for_scope("messages:read"), .question = for_scope("phone:lookup")},
      served.messages.service);
  audit::add_tool_call_endpoints(router, served.clients.principals, served.tool_calls);
  served.mcp.endpoint.add_to(router, "/mcp", {access::require_principal(served.clients.principals)}, {kMcpLimit});
  agent::add_chat_endpoints(router, access::require_browser(served.browsers), served.agent.endpoints());
  add_webhooks(router, settings, served.phone.providers(), served.messages.intake);
  operations::add_health_endpoints(router, served.database, known_schema_version(settings), kVersion);
  operations::add_metrics_endpoint(router, served.metrics,
                                   {.token = settings.metrics_token, .loopback_only = settings.in_production()});
  operations::add_docs_endpoints(router, {.title = "Kriya",
                                          .version = kVersion,
                                          .description = "Sign-in by phone number, tokens that other services can "
                                                         "check, messages, and an agent with tools.",
                                          .server_url = "/"});
}

}  // namespace kriya::app
