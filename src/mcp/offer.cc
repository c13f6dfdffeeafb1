#include "mcp/offer.h"

#include <algorithm>
#include <array>

#include "mcp/protocol.h"

namespace kriya::mcp {
namespace {

constexpr std::array<std::string_view, 8> kLevels{"debug", "info",     "notice", "warning",
                                                  "error", "critical", "alert",  "emergency"};

}  // namespace

std::string_view name(LogLevel level) { return kLevels[static_cast<std::size_t>(level)]; }

std::optional<LogLevel> parse_log_level(std::string_view name) {
  const auto found = std::ranges::find(kLevels, name);
  if (found == kLevels.end()) return std::nullopt;
  return static_cast<LogLevel>(found - kLevels.begin());
}

RpcError missing_capability(json::object required) {
  return {rpc_code::kMissingCapability, "The client must declare a capability for this.",
          json::object{{"requiredCapabilities", std::move(required)}}};
}

RpcError invalid_params(std::string message) { return {rpc_code::kInvalidParams, std::move(message)}; }

RpcError resource_not_found(std::string_view version, std::string_view uri) {
  const auto code = era_of(version) == Era::modern ? rpc_code::kInvalidParams : rpc_code::kLegacyResourceNotFound;
  return {code, "Resource not found.", json::object{{"uri", uri}}};
}

RpcError as_rpc_error(const Error& error) {
  return {rpc_code::kInternalError, error.detail, json::object{{"code", name(error.code)}}};
}

Task<Outcome> Offer::list_tools(const Asker&) { return answer(json::object{{"tools", json::array()}}); }

Task<Outcome> Offer::call_tool(const Asker&, std::string name, json::object, Input) {
  return answer(invalid_params("Unknown tool: " + name));
}

Task<Outcome> Offer::list_resources(const Asker&) { return answer(json::object{{"resources", json::array()}}); }

Task<Outcome> Offer::list_resource_templates(const Asker&) {
  return answer(json::object{{"resourceTemplates", json::array()}});
}

Task<Outcome> Offer::read_resource(const Asker& asker, std::string uri, Input) {
  return answer(resource_not_found(asker.version, uri));
}

Task<Outcome> Offer::list_prompts(const Asker&) { return answer(json::object{{"prompts", json::array()}}); }

Task<Outcome> Offer::get_prompt(const Asker&, std::string name, json::object, Input) {
  return answer(invalid_params("Unknown prompt: " + name));
}

Task<Outcome> Offer::complete(const Asker&, json::object, json::object) {
  return answer(json::object{{"completion", {{"values", json::array()}, {"total", 0}, {"hasMore", false}}}});
}

std::vector<HeaderParameter> Offer::header_parameters(std::string_view) const { return {}; }

}  // namespace kriya::mcp
