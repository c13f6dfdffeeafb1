// The way out for messages, as the rest of the program sees it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "messaging/message.h"
#include "runtime/deadline.h"
#include "runtime/task.h"

namespace kriya::messaging {

/// A message as somebody wants it sent.
struct NewMessage {
  PhoneNumber to;
  std::vector<Channel> channels = {Channel::sms};  // the first; the others only when it definitely failed
  Content content;
  Purpose purpose = Purpose::transactional;
  std::string kind = "message";  // of the record: "code", "notice", "message"
  std::string requested_by;      // "verification", "user:<id>", "key:<id>", "operator"
  std::optional<Uuid> user_id = {};
  std::string client_address = {};
  std::optional<Timestamp> not_after = {};  // not worth sending later, e.g. when its code has expired; absent: a day
  std::optional<Content> fallback = {};     // what channels after the first carry instead
};

/// Safe to use from every thread. Implemented by Outbox.
class Messenger {
 public:
  virtual ~Messenger() = default;

  /// Whether a provider for such content on this channel is there.
  virtual bool carries(Channel channel, const Content& content) const = 0;

  /// Writes the message down, then tries once to send it, if the deadline leaves a provider the time to answer; what
  /// may pass later is tried again without the caller. The record says how far it came: `failed` means definitely not
  /// sent, and over. Errors: verification_unavailable (no provider carries it), opted_out (the recipient said STOP;
  /// codes go out all the same), those of Database. After an error nothing is sent, with one exception: when the
  /// database went away while it wrote the message, and stays away so long that the message cannot be taken back, it
  /// may have been written and may still be sent.
  virtual Task<Result<MessageRecord>> send(NewMessage message, Deadline deadline) = 0;
};

}  // namespace kriya::messaging
