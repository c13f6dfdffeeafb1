// Kriya's own offer: the tools, and one greeting.
#pragma once

#include <string>

#include "mcp/offer.h"
#include "tools/tool.h"

namespace kriya::mcp {

/// What a principal may call, as its tools; the resource template `greeting://{name}` of the original documents.
class ToolOffer final : public Offer {
 public:
  struct About {
    std::string version;            // of the program
    std::string instructions = {};  // for the model
    bool tools_change = false;      // somebody publishes Change::Kind::tools
  };

  /// `tools` must outlive it.
  ToolOffer(tools::ToolSource& tools, About about);

  const json::object& server_info() const override { return info_; }
  const json::object& capabilities() const override { return capabilities_; }
  std::string_view instructions() const override { return instructions_; }

  Task<Outcome> list_tools(const Asker& asker) override;
  Task<Outcome> call_tool(const Asker& asker, std::string name, json::object arguments, Input input) override;
  Task<Outcome> list_resource_templates(const Asker& asker) override;
  Task<Outcome> read_resource(const Asker& asker, std::string uri, Input input) override;

 private:
  tools::ToolSource& tools_;
  const json::object info_;
  const json::object capabilities_;
  const std::string instructions_;
};

/// A tool as this version's `tools/list` has it: `title`, `outputSchema` since 2025-06-18.
json::object describe_tool(const tools::ToolSpec& tool, std::string_view version);

/// A result as this version's `tools/call` has it: `structuredContent` since 2025-06-18.
json::object describe_result(const tools::ToolResult& result, std::string_view version);

}  // namespace kriya::mcp
