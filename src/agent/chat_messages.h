// Bodies of the agent's API.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/live_turns.h"
#include "schema/described.h"

namespace kriya::agent {

/// What a call of a tool came to.
struct ChatToolCall {
  std::string name;
  json::object arguments;
  std::string status;  // "success", "error"
  std::string result;
};
BOOST_DESCRIBE_STRUCT(ChatToolCall, (), (name, arguments, status, result))

/// Answer of POST /api/chat; data of its `done` event.
struct ChatAnswer {
  std::string response;
  std::vector<ChatToolCall> tool_calls;
  Uuid conversation_id;
  json::object usage;     // prompt_tokens, completion_tokens, total_tokens
  json::object metadata;  // api, model, stopped
};
BOOST_DESCRIBE_STRUCT(ChatAnswer, (), (response, tool_calls, conversation_id, usage, metadata))

struct Accepted {
  static constexpr int kStatus = 202;
  bool success = true;
  std::string message;
};
BOOST_DESCRIBE_STRUCT(Accepted, (), (success, message))

struct TurnPath {
  Uuid conversation_id;
};
BOOST_DESCRIBE_STRUCT(TurnPath, (), (conversation_id))

/// Body of POST /api/chat/{conversation_id}/approvals.
struct ApprovalRequest {
  Uuid conversation_id;
  std::string id;  // of the `approval` event
  Decision decision = Decision::deny;
};
BOOST_DESCRIBE_STRUCT(ApprovalRequest, (), (conversation_id, id, decision))

struct CommandQuery {
  std::optional<std::string> text;
};
BOOST_DESCRIBE_STRUCT(CommandQuery, (), (text))

struct CommandCompletion {
  std::string text;   // what would stand there instead
  std::string label;  // what to show
  std::string description;
};
BOOST_DESCRIBE_STRUCT(CommandCompletion, (), (text, label, description))

struct CommandList {
  std::vector<CommandCompletion> completions;
};
BOOST_DESCRIBE_STRUCT(CommandList, (), (completions))

/// A conversation's title as a person gives it.
class ConversationTitle {
 public:
  static constexpr std::string_view kExample = "The parcel to Oslo";
  static constexpr std::string_view kDescription = "1 to 120 characters, no control characters";
  static constexpr std::size_t kMinLength = 1;
  static constexpr std::size_t kMaxLength = 120;

  static Parsed<ConversationTitle> parse(std::string_view text);
  const std::string& str() const { return text_; }

 private:
  std::string text_;
};

struct ConversationQuery {
  std::optional<Uuid> before;  // `next` of the page before
  std::optional<std::int64_t> limit;
};
BOOST_DESCRIBE_STRUCT(ConversationQuery, (), (before, limit))

struct ConversationPath {
  Uuid id;
};
BOOST_DESCRIBE_STRUCT(ConversationPath, (), (id))

struct RenameRequest {
  Uuid id;
  ConversationTitle title;
};
BOOST_DESCRIBE_STRUCT(RenameRequest, (), (id, title))

struct ExportQuery {
  Uuid id;
  std::optional<std::string> format;  // "json", "markdown"
};
BOOST_DESCRIBE_STRUCT(ExportQuery, (), (id, format))

struct ConversationSummary {
  Uuid id;
  std::string title;
  Timestamp created_at;
  Timestamp updated_at;
};
BOOST_DESCRIBE_STRUCT(ConversationSummary, (), (id, title, created_at, updated_at))

struct ConversationPage {
  std::vector<ConversationSummary> conversations;
  std::optional<Uuid> next;  // `before` of the next page; null: there is none
};
BOOST_DESCRIBE_STRUCT(ConversationPage, (), (conversations, next))

struct ConversationMessage {
  std::string role;  // "user", "assistant", "tool"
  std::string content;
  std::optional<std::vector<json::object>> tool_calls;  // of an assistant: each {id, name, arguments}
  std::optional<std::string> tool_call_id;              // of a tool: the call that it answers
  Timestamp created_at;
  static constexpr bool kOmitEmpty = true;
};
BOOST_DESCRIBE_STRUCT(ConversationMessage, (), (role, content, tool_calls, tool_call_id, created_at))

struct ConversationDetail {
  Uuid id;
  std::string title;
  Timestamp created_at;
  Timestamp updated_at;
  std::vector<ConversationMessage> messages;
};
BOOST_DESCRIBE_STRUCT(ConversationDetail, (), (id, title, created_at, updated_at, messages))

struct ConversationDeleted {
  bool success = true;
  std::string message;
};
BOOST_DESCRIBE_STRUCT(ConversationDeleted, (), (success, message))

}  // namespace kriya::agent
