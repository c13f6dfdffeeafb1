// What a person, or a script, sees of the agent.
#pragma once

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/tool_names.h"
#include "agent/turn.h"

namespace kriya::cli {

/// What is said at the start.
struct AgentStart {
  std::string server;  // its address
  json::object server_info;
  std::string protocol;  // the version of MCP
  std::string model;     // empty: none
  agent::ToolNames::Specs tools;
  std::vector<std::string> refused;  // tools that cannot be used, and why
  bool foreign = false;              // not Kriya's own tools: what they say of themselves is a claim
};

/// Listens to turns, and hears what stands around them.
class AgentOutput : public agent::TurnListener {
 public:
  virtual void start(const AgentStart& start) = 0;
  virtual void error(const Error& error) = 0;
  /// The turn is over, also after an error.
  virtual void done(const agent::TurnOutcome& outcome) = 0;
  /// Something for a person alone.
  virtual void note(std::string_view text) = 0;
};

/// For people, on standard output; with a little colour at a terminal.
std::unique_ptr<AgentOutput> text_output(bool with_tools_at_start);

/// For scripts: one JSON object a line, `event` first.
std::unique_ptr<AgentOutput> json_output();

/// "name — title", a tool a line, with what it does to the world.
std::string tool_lines(const agent::ToolNames::Specs& tools);

}  // namespace kriya::cli
