// The tools of another server, as the rest of the program knows tools.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "mcp/client/connection.h"
#include "mcp/client/tool_messages.h"
#include "tools/tool.h"

namespace kriya::mcp::client {

/// Who may call what the server decides, by the connection's token; the principal does not matter here. Safe to use
/// from every I/O thread. The connection must outlive this.
class McpToolSource final : public tools::ToolSource {
 public:
  static constexpr std::size_t kMostTools = 1'000;
  static constexpr std::size_t kMostPages = 100;

  explicit McpToolSource(Connection& connection) : connection_(connection) {}

  /// Asks the server each time. Errors: those of Connection::call.
  Task<Result<std::vector<std::shared_ptr<const tools::ToolSpec>>>> list(http::Principal principal,
                                                                         Deadline deadline) override;

  /// Errors: not_found, and those of `list`. What went wrong with the call itself is a result.
  Task<Result<tools::ToolResult>> call(tools::ToolCall call, tools::CallContext context) override;

  /// Tools that were left out of the last list, in words: name and reason.
  std::vector<std::string> refused() const;

 private:
  using Known = std::map<std::string, ForeignTool, std::less<>>;

  /// Keeps what it reads. `order`: the names as the server lists them.
  Task<Result<std::vector<std::shared_ptr<const tools::ToolSpec>>>> read_list(Deadline deadline);
  Task<Result<json::object>> call_once(const tools::ToolCall& call, const tools::CallContext& context,
                                       const ForeignTool& tool);
  std::shared_ptr<const Known> known() const;

  Connection& connection_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Known> known_;  // under the mutex, as the next
  std::vector<std::string> refused_;
};

}  // namespace kriya::mcp::client
