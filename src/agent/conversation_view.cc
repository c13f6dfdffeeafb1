#include "agent/conversation_view.h"

namespace kriya::agent {
namespace {

ConversationMessage shown(const StoredMessage& stored) {
  const Message& message = stored.message;
  ConversationMessage one{.role = message.role == Role::tool        ? "tool"
                                  : message.role == Role::assistant ? "assistant"
                                                                    : "user",
                          .content = message.content,
                          .tool_calls = {},
                          .tool_call_id = {},
                          .created_at = stored.created_at};
  if (!message.call_id.empty()) one.tool_call_id = message.call_id;
  if (!message.calls.empty()) {
    auto& calls = one.tool_calls.emplace();
    for (const ModelCall& call : message.calls) {
      calls.push_back({{"id", call.id}, {"name", call.name}, {"arguments", call.arguments}});
    }
  }
  return one;
}

}  // namespace

ConversationSummary summary_of(const Conversation& one) { return {one.id, one.title, one.created_at, one.updated_at}; }

ConversationDetail detail_of(const Conversation& conversation, const std::vector<StoredMessage>& messages) {
  ConversationDetail detail{conversation.id, conversation.title, conversation.created_at, conversation.updated_at, {}};
  for (const StoredMessage& message : messages) detail.messages.push_back(shown(message));
  return detail;
}

std::string as_markdown(const ConversationDetail& conversation) {
  std::string text = "# " + conversation.title + "\n";
  for (const ConversationMessage& message : conversation.messages) {
    const bool tool = message.role == "tool";
    text += message.role == "user" ? "\n## You\n\n" : tool ? "\n### Result\n\n" : "\n## Kriya\n\n";
    if (tool) {
      // A fence longer than any within, so that no result ends it.
      std::string fence = "```";
      while (message.content.find(fence) != std::string::npos) fence += '`';
      text += fence + "\n" + message.content + "\n" + fence + "\n";
    } else if (!message.content.empty()) {
      text += message.content + "\n";
    }
    for (const json::object& call : message.tool_calls.value_or(std::vector<json::object>())) {
      text += "- `" + std::string(call.at("name").as_string()) + "` " + write_json(call.at("arguments")) + "\n";
    }
  }
  return text;
}

}  // namespace kriya::agent
