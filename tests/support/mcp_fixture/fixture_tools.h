// The fixture's tools.
#pragma once

#include <span>

#include "mcp/change_feed.h"
#include "mcp/offer.h"

namespace kriya::tests {

struct FixtureCall {
  const mcp::Asker& asker;
  json::object arguments;
  mcp::Input input;
  mcp::ChangeFeed& changes;
};

struct FixtureTool {
  std::string_view name;
  std::string_view description;
  std::string_view input_schema;  // JSON
  Task<mcp::Outcome> (*run)(FixtureCall call);
};

std::span<const FixtureTool> fixture_tools();

}  // namespace kriya::tests
