// Sends WhatsApp messages by Meta's Cloud API.
#pragma once

#include <string>
#include <string_view>

#include "base/secret.h"
#include "http/client/client.h"
#include "messaging/ports.h"

namespace kriya::messaging::whatsapp {

struct MetaOptions {
  std::string base_url = "https://graph.facebook.com/v25.0";  // no trailing slash
  std::string phone_number_id;                                // of the sending number
  Secret access_token;
  std::string code_template = {};  // the approved authentication template; empty: no codes
};

/// Safe to use from any thread. Holds a reference.
class MetaSender final : public MessageSender {
 public:
  MetaSender(http::client::Client& client, MetaOptions options) : client_(client), options_(std::move(options)) {}

  std::string_view provider() const override { return "meta"; }
  bool carries(Channel channel, const Content& content) const override;
  Task<SendOutcome> send(Outgoing message, Deadline deadline) override;

 private:
  http::client::Client& client_;
  MetaOptions options_;
};

/// What became of a message. Whatever may have been sent is ambiguous.
SendOutcome meta_outcome(const http::client::Answer& answer);

}  // namespace kriya::messaging::whatsapp
