// The agent: models, conversations, and the chats that run.
#pragma once

#include "agent/chat_endpoints.h"
#include "config/settings.h"
#include "http/client/stream.h"
#include "identity/session_store.h"

namespace kriya::app {

struct AgentServices {
  /// Writes down a call that was not made.
  using Refused = std::function<void(const tools::ToolCall&, const tools::CallContext&, tools::Refusal)>;

  /// All references must outlive this object. `refused` may be empty.
  AgentServices(const config::Settings& settings, tools::ToolSource& tools, storage::Database& database,
                storage::ephemeral::Ephemeral& ephemeral, identity::SessionStore& sessions,
                http::client::StreamingClient& client, const Clock& clock, const telemetry::Log& log,
                telemetry::Metrics& metrics, Refused refused = {});

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
