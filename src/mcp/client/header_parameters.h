// Arguments that a server wants to see in headers as well: `x-mcp-header` in a tool's schema (specification 2026-07-28,
// "Custom Headers from Tool Parameters").
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "http/client/client.h"

namespace kriya::mcp::client {

struct HeaderParameter {
  std::string header;             // with its prefix
  std::vector<std::string> path;  // of names from the arguments' root
};

/// Errors: bad_request, in words, when the schema breaks a rule about them; such a tool must not be offered.
Result<std::vector<HeaderParameter>> header_parameters(const json::object& input_schema);

/// Arguments that are absent or null have no header. Errors: invalid_fields, for a number that a header cannot carry.
Result<http::client::Headers> parameter_headers(const std::vector<HeaderParameter>& parameters,
                                                const json::object& arguments);

}  // namespace kriya::mcp::client
