#include "agent/conversation_store.h"

#include <algorithm>

#include "agent/roles.h"
#include "agent/slash_command.h"
#include "base/text.h"
#include "crypto/random.h"

namespace kriya::agent {
namespace {

using storage::BoundStatement;
using storage::Rows;
using storage::Statement;
using storage::Use;
using storage::Value;

constexpr std::size_t kMostTitleCharacters = 60;

constexpr Statement kBegin{Use::write,
                           "INSERT INTO conversations (id, owner, title, renamed, created_at, updated_at) "
                           "VALUES ($1, $2, $3, 0, $4, $4)"};
// Nothing, when the conversation is gone: its owner has deleted it while the turn went on.
constexpr Statement kAppend{
    Use::write,
    "INSERT INTO conversation_messages (id, conversation_id, position, role, content, tool_calls, tool_call_id, "
    "created_at) SELECT $1, $2, $3, $4, $5, $6, $7, $8 "
    "WHERE EXISTS (SELECT 1 FROM conversations WHERE id = $2 AND owner = $9)"};
constexpr Statement kTouch{Use::write, "UPDATE conversations SET updated_at = $3 WHERE id = $1 AND owner = $2"};

#define KRIYA_CONVERSATION "SELECT id, title, created_at, updated_at FROM conversations WHERE "
constexpr Statement kFind{Use::lookup, KRIYA_CONVERSATION "id = $1 AND owner = $2"};
constexpr Statement kPage{Use::scan, KRIYA_CONVERSATION "owner = $1 ORDER BY updated_at DESC, id DESC LIMIT $2"};
constexpr Statement kPageBefore{
    Use::scan, KRIYA_CONVERSATION
    "owner = $1 AND (updated_at, id) < (SELECT updated_at, id FROM conversations WHERE id = $3 AND owner = $1) "
    "ORDER BY updated_at DESC, id DESC LIMIT $2"};
constexpr Statement kMessages{
    Use::scan,
    "SELECT m.role, m.content, m.tool_calls, m.tool_call_id, m.created_at, m.position FROM conversation_messages m "
    "JOIN conversations c ON c.id = m.conversation_id WHERE c.id = $1 AND c.owner = $2 "
    "ORDER BY m.position DESC LIMIT $3"};
constexpr Statement kRename{Use::write,
                            "UPDATE conversations SET title = $3, renamed = 1 WHERE id = $1 AND owner = $2"};
constexpr Statement kRemove{Use::write, "DELETE FROM conversations WHERE id = $1 AND owner = $2"};
constexpr Statement kForget{Use::write, "DELETE FROM conversations WHERE owner = $1"};

Role role_of(std::string_view word) {
  if (word == "assistant") return Role::assistant;
  if (word == "tool") return Role::tool;
  return Role::user;
}

std::string text_of(const std::vector<ModelCall>& calls) {
  json::array all;
  for (const ModelCall& call : calls) {
    all.push_back({{"id", call.id}, {"name", call.name}, {"arguments", call.arguments}});
  }
  return write_json(all);
}

std::vector<ModelCall> calls_in(const std::string& text) {
  std::vector<ModelCall> calls;
  const auto parsed = parse_json(text);
  if (!parsed || !parsed->is_array()) return calls;
  for (const json::value& one : parsed->get_array()) {
    calls.push_back({.id = std::string(one.at("id").as_string()),
                     .name = std::string(one.at("name").as_string()),
                     .arguments = one.at("arguments").as_object()});
  }
  return calls;
}

/// What both engines can keep: no NUL, and not too much.
std::string storable(std::string text) {
  std::erase(text, '\0');
  if (text.size() <= ConversationStore::kMostStoredBytes) return text;
  std::size_t end = ConversationStore::kMostStoredBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  text.resize(end);
  return text;
}

BoundStatement append_statement(Uuid conversation, const std::string& owner, std::int64_t position,
                                const Message& message, Timestamp now) {
  // NUL in the arguments is written \u0000 by JSON, which no column minds.
  return {kAppend,
          {crypto::new_uuid(now), conversation, position, std::string(word_of(message.role)), storable(message.content),
           message.calls.empty() ? Value() : Value(text_of(message.calls)),
           message.call_id.empty() ? Value() : Value(storable(message.call_id)), now, owner}};
}

Conversation conversation_at(const Rows& rows, std::size_t row) {
  return {.id = rows.get<Uuid>(row, 0),
          .title = rows.get<std::string>(row, 1),
          .created_at = rows.get<Timestamp>(row, 2),
          .updated_at = rows.get<Timestamp>(row, 3)};
}

StoredMessage message_at(const Rows& rows, std::size_t row) {
  using Text = std::optional<std::string>;
  return {.message = {.role = role_of(rows.get<std::string>(row, 0)),
                      .content = rows.get<std::string>(row, 1),
                      .calls = calls_in(rows.get<Text>(row, 2).value_or("")),
                      .call_id = rows.get<Text>(row, 3).value_or("")},
          .created_at = rows.get<Timestamp>(row, 4),
          .position = rows.get<std::int64_t>(row, 5)};
}

Error busy() { return {Errc::conflict, "Another answer is on its way in this conversation."}; }

}  // namespace

Error no_such_conversation() { return {Errc::not_found, "There is no such conversation."}; }

Task<Result<OpenedConversation>> ConversationStore::begin(Uuid id, std::string owner, std::string said, Timestamp now,
                                                          Deadline deadline) {
  std::vector<BoundStatement> both;
  both.push_back({kBegin, {id, owner, title_of(said), now}});
  both.push_back(append_statement(id, owner, 0, {.role = Role::user, .content = std::move(said)}, now));
  const auto written = co_await database_.transact(std::move(both), deadline);
  if (!written) co_return fail(written.error());
  co_return OpenedConversation{.id = id, .next_position = 1};
}

Task<Result<OpenedConversation>> ConversationStore::resume(Uuid id, std::string owner, std::string said, Timestamp now,
                                                           std::chrono::seconds busy_for, Deadline deadline) {
  const auto stored = co_await messages(id, owner, kMostHistory, deadline);
  if (!stored) co_return fail(stored.error());
  if (stored->empty()) co_return fail(no_such_conversation());
  const StoredMessage& last = stored->back();
  if (last.message.role == Role::user && last.created_at + busy_for > now) co_return fail(busy());
  OpenedConversation opened{.id = id, .next_position = last.position + 1};
  if (opened.next_position >= kMostMessages) {
    co_return fail(Errc::conflict, "This conversation is full. Please begin another one.");
  }
  for (const StoredMessage& one : *stored) opened.history.push_back(one.message);
  std::vector<BoundStatement> both;
  both.push_back(
      append_statement(id, owner, opened.next_position++, {.role = Role::user, .content = std::move(said)}, now));
  both.push_back({kTouch, {id, owner, now}});
  const auto written = co_await database_.transact(std::move(both), deadline);
  if (!written && written.error().code == Errc::conflict) co_return fail(busy());
  if (!written) co_return fail(written.error());
  if (written->front().affected() == 0) co_return fail(no_such_conversation());
  co_return opened;
}

Task<Result<void>> ConversationStore::append(OpenedConversation conversation, std::string owner,
                                             std::vector<Message> messages, Timestamp now, Deadline deadline) {
  std::vector<BoundStatement> all;
  for (const Message& message : messages) {
    all.push_back(append_statement(conversation.id, owner, conversation.next_position++, message, now));
  }
  all.push_back({kTouch, {conversation.id, owner, now}});
  const auto written = co_await database_.transact(std::move(all), deadline);
  if (!written) co_return fail(written.error());
  co_return Result<void>{};
}

Task<Result<std::vector<Conversation>>> ConversationStore::list(std::string owner, std::optional<Uuid> before,
                                                                std::int64_t limit, Deadline deadline) {
  const auto rows = before ? co_await database_.run(kPageBefore, {owner, limit, *before}, deadline)
                           : co_await database_.run(kPage, {owner, limit}, deadline);
  if (!rows) co_return fail(rows.error());
  std::vector<Conversation> all;
  for (std::size_t row = 0; row < rows->size(); ++row) all.push_back(conversation_at(*rows, row));
  co_return all;
}

Task<Result<std::optional<Conversation>>> ConversationStore::find(Uuid id, std::string owner, Deadline deadline) {
  const auto rows = co_await database_.run(kFind, {id, owner}, deadline);
  if (!rows) co_return fail(rows.error());
  if (rows->empty()) co_return std::nullopt;
  co_return conversation_at(*rows, 0);
}

Task<Result<std::vector<StoredMessage>>> ConversationStore::messages(Uuid id, std::string owner, std::int64_t limit,
                                                                     Deadline deadline) {
  const auto rows = co_await database_.run(kMessages, {id, owner, limit}, deadline);
  if (!rows) co_return fail(rows.error());
  std::vector<StoredMessage> all;
  for (std::size_t row = rows->size(); row > 0; --row) all.push_back(message_at(*rows, row - 1));
  co_return all;
}

Task<Result<bool>> ConversationStore::rename(Uuid id, std::string owner, std::string title, Deadline deadline) {
  const auto rows = co_await database_.run(kRename, {id, owner, title}, deadline);
  if (!rows) co_return fail(rows.error());
  co_return rows->affected() > 0;
}

Task<Result<bool>> ConversationStore::remove(Uuid id, std::string owner, Deadline deadline) {
  const auto rows = co_await database_.run(kRemove, {id, owner}, deadline);
  if (!rows) co_return fail(rows.error());
  co_return rows->affected() > 0;
}

std::string title_of(std::string_view said) {
  std::string_view line = trim(said);
  line = trim(line.substr(0, std::min(line.find_first_of("\r\n"), line.size())));
  if (is_command(line)) line = line.substr(0, line.find_first_of(" \t{=:\"'"));
  std::string title(line);
  std::erase(title, '\0');
  if (title.empty()) return "Conversation";
  if (utf8_length(title).value_or(0) <= kMostTitleCharacters) return title;
  std::size_t end = 0;
  for (std::size_t characters = 0; characters < kMostTitleCharacters; ++end) {
    if ((static_cast<unsigned char>(title[end]) & 0xC0U) != 0x80U) ++characters;  // the start of one
  }
  title.resize(end - 1);  // room for the ellipsis
  if (const auto space = title.rfind(' '); space != std::string::npos && space > 0) title.resize(space);
  return title + "\u2026";
}

BoundStatement forget_conversations_of(Uuid user_id) { return {kForget, {"user:" + user_id.str()}}; }

}  // namespace kriya::agent
