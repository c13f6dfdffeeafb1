// What a message says and to whom, as it rests in the outbox.
#pragma once

#include <optional>
#include <string>

#include "base/secret.h"
#include "crypto/sealed_box.h"
#include "messaging/message.h"

namespace kriya::messaging {

/// All that another process needs to finish the job.
struct Payload {
  PhoneNumber to;
  Channel first = Channel::sms;
  Content content;
  std::optional<Content> fallback;  // what channels after the first carry instead
  Purpose purpose = Purpose::transactional;
  std::string client_address;
  static constexpr bool kOmitEmpty = true;

  const Content& content_for(Channel channel) const { return channel == first || !fallback ? content : *fallback; }
};
BOOST_DESCRIBE_STRUCT(Payload, (), (to, first, content, fallback, purpose, client_address))

/// Seals payloads under a key of their own, each bound to its message. Safe to use from any thread.
class PayloadSeal {
 public:
  /// `master`: MASTER_KEY.
  explicit PayloadSeal(const Secret& master);

  std::string close(const Payload& payload, const Uuid& message) const;

  /// Errors: internal, when it was altered or sealed under another key or for another message.
  Result<Payload> open(const std::string& sealed, const Uuid& message) const;

 private:
  crypto::SealedBox box_;
};

}  // namespace kriya::messaging
