#include "app/conversations_of_users.h"

#include "agent/conversation_view.h"

namespace kriya::app {

std::vector<storage::BoundStatement> ConversationsOfUsers::forget(Uuid user_id) {
  std::vector<storage::BoundStatement> all;
  all.push_back(agent::forget_conversations_of(user_id));
  return all;
}

Task<Result<std::vector<json::object>>> ConversationsOfUsers::conversations_of(Uuid user_id, Deadline deadline) {
  constexpr std::int64_t kPage = 100;
  const std::string owner = "user:" + user_id.str();
  std::vector<json::object> all;
  std::optional<Uuid> before;
  for (;;) {
    const auto page = co_await store_.list(owner, before, kPage, deadline);
    if (!page) co_return fail(page.error());
    for (const agent::Conversation& one : *page) {
      const auto messages = co_await store_.messages(one.id, owner, agent::ConversationStore::kMostMessages, deadline);
      if (!messages) co_return fail(messages.error());
      all.push_back(parse_json(schema::write(agent::detail_of(one, *messages)))->as_object());
    }
    if (page->size() < static_cast<std::size_t>(kPage)) co_return all;
    before = page->back().id;
  }
}

}  // namespace kriya::app
