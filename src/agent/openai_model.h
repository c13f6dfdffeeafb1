// A model behind any server that speaks OpenAI's Chat Completions.
#pragma once

#include <string>

#include "agent/chat_model.h"
#include "base/secret.h"
#include "http/client/stream.h"

namespace kriya::agent {

class OpenAiModel final : public ChatModel {
 public:
  /// `base_url`: without a slash at its end; "/chat/completions" follows it. `key`: empty where the server asks none.
  /// `client` must outlive this.
  OpenAiModel(http::client::StreamingClient& client, std::string base_url, Secret key);

  Task<Result<std::unique_ptr<ModelAnswer>>> ask(Question question, Deadline deadline) override;

 private:
  http::client::StreamingClient& client_;
  const std::string url_;
  const Secret key_;
};

/// The body of a request, streamed.
std::string chat_completions_request(const Question& question);

}  // namespace kriya::agent
