#include "app/agent_services.h"

namespace kriya::app {
namespace {

constexpr const char* kOpenAi = "https://api.openai.com/v1";
constexpr std::size_t kMostTurnsOfOwner = 8;

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

Task<void> tell(std::shared_ptr<const AgentServices::Denied> denied, tools::ToolCall call, tools::CallContext context,
                std::string words) {
  (*denied)(call, context, words);
  co_return;
}

agent::Turn::Refuse refusal_by(AgentServices::Denied denied) {
  if (!denied) return {};
  return [shared = std::make_shared<const AgentServices::Denied>(std::move(denied))](
             tools::ToolCall call, tools::CallContext context, std::string words) {
    return tell(shared, std::move(call), std::move(context), std::move(words));
  };
}

}  // namespace

AgentServices::AgentServices(const config::Settings& settings, tools::ToolSource& tool_source,
                             storage::Database& database, storage::ephemeral::Ephemeral& ephemeral,
                             http::client::StreamingClient& client, const Clock& clock, const telemetry::Log& log,
                             telemetry::Metrics& metrics, Denied denied)
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
            .refuse = refusal_by(std::move(denied))}) {}

}  // namespace kriya::app
