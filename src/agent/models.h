// The models that this program may ask, by the names that requests use.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/chat_model.h"
#include "base/secret.h"
#include "http/client/stream.h"

namespace kriya::agent {

struct Provider {
  std::string name;
  std::string base_url;  // no slash at its end
  std::string model;     // the one that answers unless another may be chosen
  Secret api_key;        // empty: none is sent
};

/// Filled at the start; safe to use from every I/O thread.
class Models {
 public:
  /// The first one answers when a request names none. `allowed`: models that requests may choose. `client` must outlive
  /// this.
  Models(http::client::StreamingClient& client, const std::vector<Provider>& providers,
         std::vector<std::string> allowed);

  /// For tests, and for models that are no servers.
  void add(std::string name, std::string model, std::unique_ptr<ChatModel> chat_model);

  struct Choice {
    ChatModel* chat_model = nullptr;
    std::string api;
    std::string model;
  };
  /// A model that may not be chosen is replaced by the provider's own. Nullopt: none is configured. Errors:
  /// invalid_fields, an unknown api; while none is configured only "openai", which OPENAI_API_KEY would make, is known.
  Result<std::optional<Choice>> choose(const std::optional<std::string>& api,
                                       const std::optional<std::string>& model) const;

 private:
  struct Known {
    std::string name;
    std::string model;
    std::unique_ptr<ChatModel> chat_model;
  };
  std::vector<Known> known_;
  std::vector<std::string> allowed_;
};

}  // namespace kriya::agent
