// The conversation at a terminal: what is typed becomes turns of the model, or calls of tools.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "agent/chat_model.h"
#include "agent/slash_command.h"
#include "agent/turn.h"
#include "cli/agent_output.h"
#include "cli/console_input.h"
#include "mcp/client/tool_source.h"

namespace kriya::cli {

/// All references must outlive this; one thread.
class AgentSession {
 public:
  struct Options {
    std::string model_name = {};    // with a model
    std::string instructions = {};  // for the model
    agent::TurnLimits limits = {};
    bool foreign = false;  // another server than Kriya
  };

  /// `model` null: commands alone. `input` null: nobody can be asked for approval.
  AgentSession(mcp::client::Connection& connection, agent::ChatModel* model, AgentOutput& output,
               Interrupts& interrupts, ConsoleInput* input, Options options);
  ~AgentSession();

  /// Connects, lists the tools, says so. The error is for the caller to show: missing_token when the server does not
  /// take the token, and others in words for the person.
  Result<void> begin();

  /// One message or command. False when it failed, or a tool that was called by a command did.
  bool take(const std::string& line);

  /// Ends the server's session.
  void end();

 private:
  class Approval;

  bool ask_model(const std::string& text);
  bool run_command(const std::string& text);
  bool call_tool(const tools::ToolSpec& spec, json::object arguments);
  bool finish(agent::TurnOutcome outcome);

  mcp::client::Connection& connection_;
  mcp::client::McpToolSource tools_;
  agent::ChatModel* model_;
  AgentOutput& output_;
  Interrupts& interrupts_;
  ConsoleInput* input_;
  const Options options_;
  std::shared_ptr<Approval> approval_;
  agent::ToolNames::Specs specs_;
  std::vector<agent::Message> messages_;
  unsigned commands_ = 0;
};

}  // namespace kriya::cli
