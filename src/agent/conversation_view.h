// Conversations as people see them.
#pragma once

#include <string>
#include <vector>

#include "agent/chat_messages.h"
#include "agent/conversation_store.h"

namespace kriya::agent {

ConversationSummary summary_of(const Conversation& conversation);
ConversationDetail detail_of(const Conversation& conversation, const std::vector<StoredMessage>& messages);
std::string as_markdown(const ConversationDetail& conversation);

}  // namespace kriya::agent
