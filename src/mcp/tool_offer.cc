#include "mcp/tool_offer.h"

#include "base/encoding.h"
#include "base/text.h"
#include "mcp/protocol.h"

namespace kriya::mcp {
namespace {

constexpr std::string_view kGreeting = "greeting://";
constexpr std::size_t kLongestName = 100;

json::object capabilities(bool tools_change) {
  json::object tools;
  if (tools_change) tools["listChanged"] = true;
  return {{"tools", std::move(tools)}, {"resources", json::object()}, {"completions", json::object()}};
}

/// The text that stands for `{name}`. A plus is itself here: it means a space in queries alone.
std::optional<std::string> name_in(std::string_view escaped) {
  std::string text;
  for (const char c : escaped) text += c == '+' ? "%2B" : std::string(1, c);
  return percent_decode(text);
}

/// Without `x-mcp-header`, which another server's tools may bring: no proxy before us goes by such headers, and a
/// client that need not send them cannot send wrong ones.
json::object without_header_parameters(json::object schema) {
  schema.erase("x-mcp-header");
  json::value* properties = schema.if_contains("properties");
  if (properties == nullptr || !properties->is_object()) return schema;
  for (auto& property : properties->get_object()) {
    if (property.value().is_object()) {
      property.value() = without_header_parameters(std::move(property.value().get_object()));
    }
  }
  return schema;
}

}  // namespace

json::object describe_tool(const tools::ToolSpec& tool, std::string_view version) {
  const bool knows_titles = version >= version::k2025_06_18;
  json::object described{{"name", tool.name},
                         {"description", tool.description},
                         {"inputSchema", without_header_parameters(tool.input_schema)}};
  if (knows_titles && !tool.title.empty()) described["title"] = tool.title;
  if (knows_titles && tool.output_schema) described["outputSchema"] = *tool.output_schema;
  json::object annotations{{"readOnlyHint", tool.annotations.read_only},
                           {"destructiveHint", tool.annotations.destructive},
                           {"idempotentHint", tool.annotations.idempotent},
                           {"openWorldHint", tool.annotations.open_world}};
  if (!tool.title.empty()) annotations["title"] = tool.title;
  described["annotations"] = std::move(annotations);
  return described;
}

json::object describe_result(const tools::ToolResult& result, std::string_view version) {
  json::object described{{"content", result.content}};
  if (result.structured && version >= version::k2025_06_18) described["structuredContent"] = *result.structured;
  if (result.is_error) described["isError"] = true;
  return described;
}

namespace {

/// What is kept of a client's name for the log, cut between characters.
std::string_view beginning_of(std::string_view name) {
  if (name.size() <= kLongestName) return name;
  std::size_t end = kLongestName;
  while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xc0) == 0x80) --end;
  return name.substr(0, end);
}

}  // namespace

ToolOffer::ToolOffer(tools::ToolSource& tools, About about)
    : tools_(tools),
      info_{{"name", "kriya"}, {"title", "Kriya"}, {"version", about.version}},
      capabilities_(mcp::capabilities(about.tools_change)),
      instructions_(std::move(about.instructions)) {}

Task<Outcome> ToolOffer::list_tools(const Asker& asker) {
  const auto listed = co_await tools_.list(asker.principal, asker.deadline);
  if (!listed) co_return as_rpc_error(listed.error());
  json::array described;
  for (const auto& tool : *listed) described.push_back(describe_tool(*tool, asker.version));
  co_return json::object{{"tools", std::move(described)}};
}

Task<Outcome> ToolOffer::call_tool(const Asker& asker, std::string name, json::object arguments, Input) {
  tools::CallContext context{.principal = asker.principal,
                             .deadline = asker.deadline,
                             .via = "mcp",
                             .session_id = asker.session_id,
                             .request_id = asker.request_id,
                             .trace_id = asker.trace_id,
                             .client_address = asker.client_address};
  // No model of ours ran; which one the client has, it does not say.
  context.metadata = {{"model", nullptr}, {"api", nullptr}, {"protocol_version", asker.version}};
  if (const json::string* client = string_member(asker.client, "name")) {
    context.metadata["client"] = beginning_of(*client);
  }
  context.progress = [client = asker.conversation](double done, std::optional<double> total, std::string message) {
    client->progress(done, total, std::move(message));
  };
  std::string unknown = "Unknown tool: " + name;
  const auto result = co_await tools_.call({std::move(name), std::move(arguments)}, std::move(context));
  if (result) co_return describe_result(*result, asker.version);
  if (result.error().code == Errc::not_found) co_return invalid_params(std::move(unknown));
  co_return as_rpc_error(result.error());
}

Task<Outcome> ToolOffer::list_resource_templates(const Asker& asker) {
  json::object greeting{{"uriTemplate", std::string(kGreeting) + "{name}"},
                        {"name", "greeting"},
                        {"description", "A greeting for somebody."},
                        {"mimeType", "text/plain"}};
  if (asker.version >= version::k2025_06_18) greeting["title"] = "Greeting";
  return answer(json::object{{"resourceTemplates", json::array{std::move(greeting)}}});
}

Task<Outcome> ToolOffer::read_resource(const Asker& asker, std::string uri, Input) {
  const auto name = uri.starts_with(kGreeting) ? name_in(std::string_view(uri).substr(kGreeting.size())) : std::nullopt;
  const auto length = name ? utf8_length(*name) : std::nullopt;
  if (!length || *length == 0 || *length > kLongestName || has_control_character(*name)) {
    return answer(resource_not_found(asker.version, uri));
  }
  json::object contents{{"uri", uri}, {"mimeType", "text/plain"}, {"text", "Hello, " + *name + "!"}};
  return answer(json::object{{"contents", json::array{std::move(contents)}}});
}

}  // namespace kriya::mcp
