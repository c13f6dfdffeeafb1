// MCP at /mcp: the tools, behind the protocol.
#pragma once

#include "access/principals.h"
#include "config/settings.h"
#include "mcp/endpoint.h"
#include "mcp/tool_offer.h"

namespace kriya::app {

struct McpServices {
  /// `port`: where this server listens. All references must outlive this object.
  McpServices(const config::Settings& settings, const std::string& public_url, std::uint16_t port,
              tools::ToolSource& tools, access::Principals& principals, const Clock& clock, const telemetry::Log& log);

  mcp::ToolOffer offer;
  mcp::ChangeFeed changes;
  mcp::Endpoint endpoint;
};

}  // namespace kriya::app
