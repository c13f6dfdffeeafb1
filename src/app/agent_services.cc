#include "app/agent_services.h"

namespace kriya::app {
namespace {

constexpr const char* kOpenAi = "https://api.openai.com/v1";
constexpr std::size_t kMostTurnsOfOwner = 8;
constexpr std::chrono::seconds kSessionWithin{10};

/// OPENAI_* counts when it has a key, or names a server that may need none.
std::vector<agent::Provider> providers_of(const config::Settings& settings) {
  std::vector<agent::Provider> all;
  if (!settings.openai_api_key.empty() || settings.openai_base_url != kOpenAi) {
    all.push_back({"openai", settings.openai_base_url, settings.openai_model, settings.openai_api_key});
  }
  for (const config::ModelProvider& one : settings.chat_providers) {
    all.push_back({one.name, one.base_url, one.model, one.api_key});
  }
  return all;
}

agent::Approval approval_of(config::ToolApproval approval) {
  switch (approval) {
    case config::ToolApproval::never:
      return agent::Approval::never;
    case config::ToolApproval::writes:
      return agent::Approval::writes;
    case config::ToolApproval::always:
      return agent::Approval::always;
  }
  return agent::Approval::always;
}

Task<void> tell(std::shared_ptr<const AgentServices::Refused> refused, tools::ToolCall call, tools::CallContext context,
                tools::Refusal refusal) {
  (*refused)(call, context, std::move(refusal));
  co_return;
}

agent::Turn::Refuse refusal_by(AgentServices::Refused refused) {
  if (!refused) return {};
  return [shared = std::make_shared<const AgentServices::Refused>(std::move(refused))](
             tools::ToolCall call, tools::CallContext context, tools::Refusal refusal) {
    return tell(shared, std::move(call), std::move(context), std::move(refusal));
  };
}

/// Who that is by now: a turn goes on for minutes, and its person may sign out, or lose a scope, elsewhere. What is no
/// person's, a visitor's in development, has no row and stays.
Task<Result<http::Principal>> principal_now(identity::SessionStore* sessions, const Clock* clock,
                                            http::Principal principal) {
  if (!principal.user_id || principal.session.empty()) co_return principal;
  const auto held = co_await sessions->find(principal.session, Deadline::after(kSessionWithin));
  if (!held) co_return fail(held.error());
  const bool signed_in = *held && (*held)->user.id == *principal.user_id &&
                         identity::lives((*held)->session, (*held)->user.token_version, clock->now());
  if (!signed_in) co_return fail(Errc::invalid_token, "The sign-in has ended, and this answer with it.");
  principal.scope = (*held)->user.scope.value_or(std::string());
  co_return principal;
}

}  // namespace

AgentServices::AgentServices(const config::Settings& settings, tools::ToolSource& tool_source,
                             storage::Database& database, storage::ephemeral::Ephemeral& ephemeral,
                             identity::SessionStore& sessions, http::client::StreamingClient& client,
                             const Clock& clock, const telemetry::Log& log, telemetry::Metrics& metrics,
                             Refused refused)
    : tools(tool_source),
      models(client, providers_of(settings), settings.openai_allowed_models),
      conversations(database),
      turns(ephemeral, kMostTurnsOfOwner),
      chat({.tools = tools,
            .models = models,
            .conversations = conversations,
            .turns = turns,
            .clock = clock,
            .log = log,
            .metrics = metrics},
           {.limits = {.rounds = settings.chat_max_rounds,
                       .tokens = settings.chat_max_tokens,
                       .time = settings.chat_timeout,
                       .approval = approval_of(settings.tool_approval)},
            .instructions = settings.chat_instructions,
            .refuse = refusal_by(std::move(refused)),
            .still = [&sessions, &clock](http::Principal principal) {
              return principal_now(&sessions, &clock, std::move(principal));
            }}) {}

}  // namespace kriya::app
