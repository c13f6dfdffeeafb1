#include "mcp/client/tool_messages.h"

#include <algorithm>

#include "base/text.h"
#include "mcp/client/failures.h"
#include "mcp/json_rpc.h"

namespace kriya::mcp::client {
namespace {

constexpr std::size_t kMostNameBytes = 128;

bool is_tool_name(std::string_view name) {
  constexpr std::string_view kMarks = "_-./";
  return !name.empty() && name.size() <= kMostNameBytes && std::ranges::all_of(name, [kMarks](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

bool flag_of(const json::object& object, std::string_view name, bool otherwise) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_bool() ? value->get_bool() : otherwise;
}

/// What nothing is said about may do harm: the specification's defaults.
tools::Annotations read_annotations(const json::object* given) {
  const json::object none;
  const json::object& hints = given == nullptr ? none : *given;
  return {.read_only = flag_of(hints, "readOnlyHint", false),
          .destructive = flag_of(hints, "destructiveHint", true),
          .idempotent = flag_of(hints, "idempotentHint", false),
          .open_world = flag_of(hints, "openWorldHint", true)};
}

Result<ForeignTool> read_tool(const json::object& tool, Era era, const std::string& upstream) {
  tools::ToolSpec spec;
  spec.name = text_member(tool, "name");
  if (!is_tool_name(spec.name)) return fail(Errc::bad_request, "its name is not one of a tool");
  const json::object* schema = object_member(tool, "inputSchema");
  if (schema == nullptr) return fail(Errc::bad_request, "it does not say what arguments it takes");
  spec.input_schema = *schema;
  if (const json::object* output = object_member(tool, "outputSchema")) spec.output_schema = *output;
  const json::object* hints = object_member(tool, "annotations");
  spec.annotations = read_annotations(hints);
  if (spec.annotations.read_only) spec.annotations.destructive = false;
  spec.title = text_member(tool, "title");
  if (spec.title.empty() && hints != nullptr) spec.title = text_member(*hints, "title");
  spec.description = text_member(tool, "description");
  spec.upstream = upstream;
  std::vector<HeaderParameter> parameters;
  if (era == Era::modern) {
    auto found = header_parameters(*schema);
    if (!found) return fail(found.error());
    parameters = *std::move(found);
  }
  return ForeignTool{std::make_shared<const tools::ToolSpec>(std::move(spec)), std::move(parameters)};
}

tools::ToolResult wants_input(const json::object& result) {
  std::string asked;
  if (const json::object* requests = object_member(result, "inputRequests")) {
    for (const auto& [key, request] : *requests) {
      const json::object* described = request.if_object();
      if (described == nullptr) continue;
      if (!asked.empty()) asked += ", ";
      asked += cited(text_member(*described, "method"));
    }
  }
  return tools::ToolResult::of_error("tool", "The tool asks for more input" +
                                                 (asked.empty() ? std::string() : " (" + asked + ")") +
                                                 ", which cannot be given here.");
}

}  // namespace

Result<ToolPage> read_tool_page(const json::object& result, Era era, const std::string& upstream) {
  const json::array* listed = array_member(result, "tools");
  if (listed == nullptr) return fail(Errc::bad_request, "The MCP server's answer is no list of tools.");
  ToolPage page;
  for (const json::value& entry : *listed) {
    const json::object* tool = entry.if_object();
    if (tool == nullptr) {
      page.refused.emplace_back("a tool that is no object");
      continue;
    }
    auto read = read_tool(*tool, era, upstream);
    if (read) {
      page.tools.push_back(*std::move(read));
    } else {
      page.refused.push_back(cited(text_member(*tool, "name")) + ": " + read.error().detail);
    }
  }
  page.next_cursor = text_member(result, "nextCursor");
  return page;
}

Result<tools::ToolResult> read_tool_result(const json::object& result) {
  const std::string_view type = text_member(result, "resultType");
  if (type == "input_required") return wants_input(result);
  if (!type.empty() && type != "complete") {
    return fail(Errc::bad_request, "The MCP server's answer is of an unknown kind: " + cited(type));
  }
  tools::ToolResult read;
  if (const json::array* content = array_member(result, "content")) read.content = *content;
  const bool well_formed =
      std::ranges::all_of(read.content, [](const json::value& block) { return block.is_object(); });
  if (!well_formed) return fail(Errc::bad_request, "The MCP server's answer is no result of a tool.");
  const json::value* structured = result.if_contains("structuredContent");
  if (structured != nullptr && structured->is_object()) read.structured = structured->get_object();
  if (structured != nullptr && read.text().empty()) {
    read.content.push_back(json::object{{"type", "text"}, {"text", write_json(*structured)}});
  }
  read.is_error = flag_of(result, "isError", false);
  if (read.is_error) read.error_kind = "tool";
  return read;
}

tools::ToolResult failed_call(const Error& error) {
  const auto kind = [&] {
    switch (error.code) {
      case Errc::invalid_fields:
        return "arguments";
      case Errc::missing_token:
      case Errc::forbidden:
        return "denied";
      case Errc::request_timeout:
        return "timeout";
      case Errc::unavailable:
      case Errc::too_many_requests:
        return "unavailable";
      default:
        return "tool";
    }
  };
  return tools::ToolResult::of_error(kind(), error.detail);
}

}  // namespace kriya::mcp::client
