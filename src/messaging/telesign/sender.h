// Sends by Telesign: SMS, calls with codes, WhatsApp over the Messaging API; checks the codes that Telesign makes.
#pragma once

#include <string>
#include <string_view>

#include "messaging/ports.h"
#include "messaging/telesign/api.h"
#include "messaging/telesign/requests.h"

namespace kriya::messaging::telesign {

/// Safe to use from any thread. Holds references.
class TelesignSender final : public MessageSender {
 public:
  TelesignSender(TelesignApi& api, SendingOptions options) : api_(api), options_(std::move(options)) {}

  std::string_view provider() const override { return "telesign"; }

  /// SMS: texts up to 1600 characters, and codes. Voice: codes. WhatsApp: what omnichannel_request can write.
  bool carries(Channel channel, const Content& content) const override;
  Task<SendOutcome> send(Outgoing message, Deadline deadline) override;

 private:
  TelesignApi& api_;
  SendingOptions options_;
};

/// The codes of /v1/verify/sms and /v1/verify/call.
class TelesignCodeVerifier final : public CodeVerifier {
 public:
  explicit TelesignCodeVerifier(TelesignApi& api) : api_(api) {}

  std::int64_t code_length(Channel channel) const override { return channel == Channel::voice ? 5 : 7; }
  Task<Result<Verdict>> check(std::string reference, std::string code, Deadline deadline) override;

  /// Tells Telesign that the person typed the right code where we compared it ourselves: its figures on conversion
  /// steer routes and fraud scores. Errors: unavailable; nothing depends on it.
  Task<Result<void>> report_completion(std::string reference, Deadline deadline);

 private:
  TelesignApi& api_;
};

}  // namespace kriya::messaging::telesign
