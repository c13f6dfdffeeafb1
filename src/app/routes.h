// The whole HTTP API: which context answers what, and who may ask.
#pragma once

#include <string>

#include "app/agent_services.h"
#include "app/browsers.h"
#include "app/clients.h"
#include "app/mcp_services.h"
#include "app/messaging_services.h"
#include "app/phone_services.h"
#include "app/sign_in.h"
#include "audit/tool_call_history.h"
#include "http/router.h"

namespace kriya::app {

/// What is served; all of it must outlive the router.
struct Served {
  const config::Settings& settings;
  SignIn& sign_in;
  Clients& clients;
  identity::BrowserSignIn& browsers;
  PhoneServices& phone;
  MessagingServices& messages;
  audit::ToolCallHistory& tool_calls;
  McpServices& mcp;
  AgentServices& agent;
  storage::Database& database;
  const telemetry::Metrics& metrics;
};

void add_routes(http::Router& router, const Served& served);

}  // namespace kriya::app
