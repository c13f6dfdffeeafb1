// What the protocol's conformance suite expects a server to offer, by the names that its scenarios call.
#pragma once

#include "mcp/change_feed.h"
#include "mcp/offer.h"

namespace kriya::tests {

class FixtureOffer final : public mcp::Offer {
 public:
  explicit FixtureOffer(mcp::ChangeFeed& changes);

  const json::object& server_info() const override { return info_; }
  const json::object& capabilities() const override { return capabilities_; }
  std::string_view instructions() const override { return "A fixture for tests; it is of no use to anybody."; }

  Task<mcp::Outcome> list_tools(const mcp::Asker& asker) override;
  Task<mcp::Outcome> call_tool(const mcp::Asker& asker, std::string name, json::object arguments,
                               mcp::Input input) override;
  Task<mcp::Outcome> list_resources(const mcp::Asker& asker) override;
  Task<mcp::Outcome> list_resource_templates(const mcp::Asker& asker) override;
  Task<mcp::Outcome> read_resource(const mcp::Asker& asker, std::string uri, mcp::Input input) override;
  Task<mcp::Outcome> list_prompts(const mcp::Asker& asker) override;
  Task<mcp::Outcome> get_prompt(const mcp::Asker& asker, std::string name, json::object arguments,
                                mcp::Input input) override;
  std::vector<mcp::HeaderParameter> header_parameters(std::string_view tool) const override;

 private:
  mcp::ChangeFeed& changes_;
  json::object info_;
  json::object capabilities_;
};

}  // namespace kriya::tests
