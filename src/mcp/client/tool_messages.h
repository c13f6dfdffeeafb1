// Tools and their results as other servers describe them, read into the words of tools/tool.h.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "mcp/client/header_parameters.h"
#include "mcp/protocol.h"
#include "tools/tool.h"

namespace kriya::mcp::client {

struct ForeignTool {
  std::shared_ptr<const tools::ToolSpec> spec;
  std::vector<HeaderParameter> header_parameters;  // modern era
};

/// A page of `tools/list`, and what it held that is no tool, in words: name and reason.
struct ToolPage {
  std::vector<ForeignTool> tools;
  std::vector<std::string> refused;
  std::string next_cursor;  // empty: the last page
};

/// `upstream` becomes that of the specs. A tool that cannot be used does not spoil the others. Errors: bad_request,
/// when the result is no list of tools.
Result<ToolPage> read_tool_page(const json::object& result, Era era, const std::string& upstream);

/// Of `tools/call`. What asks for more input is a result with an error, since this client declares that it has none to
/// give. Structured content that comes without any text becomes text, too. Errors: bad_request.
Result<tools::ToolResult> read_tool_result(const json::object& result);

/// A failed call, in the words of ToolResult::error_kind.
tools::ToolResult failed_call(const Error& error);

}  // namespace kriya::mcp::client
