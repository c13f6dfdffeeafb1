// Body of POST /api/chat, in its two forms.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/chat_model.h"
#include "base/uuid.h"
#include "schema/described.h"

namespace kriya::agent {

/// Either `message`, or the original `messages`: what was said so far, each {role, content}.
struct ChatRequest {
  std::optional<std::string> message;
  std::optional<std::vector<json::object>> messages;
  std::optional<Uuid> conversation_id;
  std::optional<std::string> model;
  std::optional<std::string> api;
  std::optional<bool> stream;
};
BOOST_DESCRIBE_STRUCT(ChatRequest, (), (message, messages, conversation_id, model, api, stream))

/// What the person says now, and what was said before by the request itself.
struct ChatInput {
  static constexpr std::size_t kMostCharacters = 32'000;
  static constexpr std::size_t kMostMessages = 200;

  std::string said;
  std::optional<std::vector<Message>> history;  // nullopt: what is stored counts
};

/// The last message of a user is what is said now; what follows it is dropped. Nobody but us instructs the model: a
/// system message of the request becomes something that the person shows it. Errors: invalid_fields, naming every one.
Result<ChatInput> read_chat(const ChatRequest& request);

}  // namespace kriya::agent
