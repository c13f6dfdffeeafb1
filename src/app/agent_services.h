// The agent: models, conversations, and the chats that run.
#pragma once

#include "agent/chat_endpoints.h"
#include "config/settings.h"
#include "http/client/stream.h"

namespace kriya::app {

struct AgentServices {
  /// All references must outlive this object. `refuse` writes a denied call into the log; it may be empty.
  AgentServices(const config::Settings& settings, tools::ToolSource& tools, storage::Database& database,
                storage::ephemeral::Ephemeral& ephemeral, http::client::StreamingClient& client, const Clock& clock,
                const telemetry::Log& log, telemetry::Metrics& metrics, agent::Turn::Refuse refuse = {});

  agent::ChatEndpoints endpoints() {
    return {.chat = chat, .turns = turns, .conversations = conversations, .tools = tools};
  }

  tools::ToolSource& tools;
  agent::Models models;
  agent::ConversationStore conversations;
  agent::LiveTurns turns;
  agent::Chat chat;
};

}  // namespace kriya::app
