// The agent's API for browsers: chat, its commands, and the conversations (docs/chat.md).
#pragma once

#include "agent/chat.h"
#include "http/router.h"

namespace kriya::agent {

struct ChatEndpoints {
  Chat& chat;
  LiveTurns& turns;
  ConversationStore& conversations;
  tools::ToolSource& tools;
};

/// `browser` sets Caller::principal. Everything must outlive the router.
void add_chat_endpoints(http::Router& router, const http::AccessRule& browser, ChatEndpoints parts);
void add_conversation_endpoints(http::Router& router, const http::AccessRule& browser, ConversationStore& store,
                                LiveTurns& turns);

/// Whose conversations these are: a person's, or a visitor's as long as the session lasts.
std::string owner_of(const http::Principal& principal);

}  // namespace kriya::agent
