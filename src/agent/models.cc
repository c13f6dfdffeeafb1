#include "agent/models.h"

#include <algorithm>

#include "agent/openai_model.h"

namespace kriya::agent {
namespace {

constexpr const char* kFirstApi = "openai";  // what OPENAI_* configure

}  // namespace

Models::Models(http::client::StreamingClient& client, const std::vector<Provider>& providers,
               std::vector<std::string> allowed)
    : allowed_(std::move(allowed)) {
  for (const Provider& one : providers) {
    add(one.name, one.model, std::make_unique<OpenAiModel>(client, one.base_url, one.api_key));
  }
}

void Models::add(std::string name, std::string model, std::unique_ptr<ChatModel> chat_model) {
  known_.push_back({std::move(name), std::move(model), std::move(chat_model)});
}

Result<std::optional<Models::Choice>> Models::choose(const std::optional<std::string>& api,
                                                     const std::optional<std::string>& model) const {
  if (known_.empty() && (!api || *api == kFirstApi)) return std::nullopt;
  const auto found = api ? std::ranges::find(known_, *api, &Known::name) : known_.begin();
  if (found == known_.end()) {
    std::string names;
    for (const Known& one : known_) names += (names.empty() ? "" : ", ") + one.name;
    if (names.empty()) names = kFirstApi;
    return fail(Error{Errc::invalid_fields, "The request has invalid fields.", {{"api", "must be one of " + names}}});
  }
  const bool may = model && std::ranges::find(allowed_, *model) != allowed_.end();
  return Choice{.chat_model = found->chat_model.get(), .api = found->name, .model = may ? *model : found->model};
}

}  // namespace kriya::agent
