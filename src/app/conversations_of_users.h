// Conversations with the agent, as part of what an account is.
#pragma once

#include "agent/conversation_store.h"
#include "identity/personal_data.h"

namespace kriya::app {

class ConversationsOfUsers final : public identity::PersonalData {
 public:
  /// The database must outlive this.
  explicit ConversationsOfUsers(storage::Database& database) : store_(database) {}

  std::vector<storage::BoundStatement> forget(Uuid user_id) override;
  Task<Result<std::vector<json::object>>> conversations_of(Uuid user_id, Deadline deadline) override;

 private:
  agent::ConversationStore store_;
};

}  // namespace kriya::app
