// Asks Telesign what became of a message, where its receipt did not come.
#pragma once

#include "messaging/ports.h"
#include "messaging/telesign/api.h"

namespace kriya::messaging::telesign {

/// Safe to use from any thread. References expire: after 12 hours for the Messaging API.
class TelesignPoller final : public StatusPoller {
 public:
  explicit TelesignPoller(TelesignApi& api) : api_(api) {}

  /// An SMS is looked for among messages, then among those of SMS Verify.
  Task<Result<StatusReport>> poll(std::string reference, Channel channel, Deadline deadline) override;

 private:
  Task<Result<StatusReport>> ask(Product product, std::string path, Deadline deadline);

  TelesignApi& api_;
};

}  // namespace kriya::messaging::telesign
