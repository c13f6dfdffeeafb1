#include "mcp/feature_calls.h"

#include "mcp/era_rules.h"
#include "mcp/protocol.h"

namespace kriya::mcp {
namespace {

std::string_view capability_of(std::string_view method) {
  if (method == method::kToolsList || method == method::kToolsCall) return "tools";
  if (method == method::kResourcesList || method == method::kTemplatesList || method == method::kResourcesRead) {
    return "resources";
  }
  if (method == method::kPromptsList || method == method::kPromptsGet) return "prompts";
  if (method == method::kComplete) return "completions";
  return {};
}

/// The member `arguments` of a call; an error when it is something else than an object.
std::optional<json::object> arguments_of(const json::object& params) {
  const json::value* value = params.if_contains("arguments");
  if (value == nullptr) return json::object();
  if (!value->is_object()) return std::nullopt;
  return value->get_object();
}

Task<Outcome> refuse(std::string message) { co_return invalid_params(std::move(message)); }

Task<Outcome> refuse_with(RpcError error) { co_return error; }

Task<Outcome> call_named(Offer& offer, const Asker& asker, bool is_tool, const json::object& params, Input input) {
  const json::string* name = string_member(params, "name");
  if (name == nullptr) return refuse("params.name must be a text.");
  auto arguments = arguments_of(params);
  if (!arguments) return refuse("params.arguments must be an object.");
  std::string text(*name);
  return is_tool ? offer.call_tool(asker, std::move(text), *std::move(arguments), std::move(input))
                 : offer.get_prompt(asker, std::move(text), *std::move(arguments), std::move(input));
}

Task<Outcome> complete(Offer& offer, const Asker& asker, const json::object& params) {
  const json::object* reference = object_member(params, "ref");
  const json::object* argument = object_member(params, "argument");
  if (reference == nullptr || argument == nullptr) return refuse("params.ref and params.argument must be objects.");
  return offer.complete(asker, *reference, *argument);
}

}  // namespace

bool is_feature(const Offer& offer, std::string_view method) {
  const std::string_view capability = capability_of(method);
  return !capability.empty() && offer.capabilities().contains(capability);
}

// No coroutine itself: what it hands on lives in the offer's own frame.
Task<Outcome> call_feature(Offer& offer, const Asker& asker, std::string method, json::object params, Input input) {
  if (method == method::kToolsCall) return call_named(offer, asker, true, params, std::move(input));
  if (method == method::kPromptsGet) return call_named(offer, asker, false, params, std::move(input));
  if (method == method::kComplete) return complete(offer, asker, params);
  if (method == method::kResourcesRead) {
    const json::string* uri = string_member(params, "uri");
    if (uri == nullptr) return refuse("params.uri must be a text.");
    return offer.read_resource(asker, std::string(*uri), std::move(input));
  }
  if (auto bad = check_cursor(params)) return refuse_with(*std::move(bad));
  if (method == method::kToolsList) return offer.list_tools(asker);
  if (method == method::kResourcesList) return offer.list_resources(asker);
  if (method == method::kTemplatesList) return offer.list_resource_templates(asker);
  return offer.list_prompts(asker);
}

json::object advertised(const Offer& offer) {
  json::object capabilities = offer.capabilities();
  capabilities["logging"] = json::object();
  return capabilities;
}

}  // namespace kriya::mcp
