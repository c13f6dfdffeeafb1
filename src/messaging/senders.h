// Which provider a message is handed to.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "messaging/circuit.h"
#include "messaging/ports.h"

namespace kriya::messaging {

/// The senders in the order of preference, each behind a circuit. Safe to use from any thread.
class Senders {
 public:
  /// The senders must outlive this object.
  explicit Senders(std::vector<MessageSender*> senders) : senders_(std::move(senders)) {}

  bool carries(Channel channel, const Content& content) const;

  /// The first that carries such content and is not known to be down on that channel; `last_resort` only when there is
  /// no other. Null when all are down, or none carries it.
  MessageSender* choose(Channel channel, const Content& content, std::string_view last_resort, Timestamp now);

  /// Learns from an outcome; nothing from one of which the provider was not asked.
  void note(const MessageSender& sender, Channel channel, const SendOutcome& outcome, Timestamp now);

  /// Whether a provider is left alone now because it is down.
  bool rests(std::string_view provider, Channel channel, Timestamp now);

 private:
  std::vector<MessageSender*> senders_;
  std::mutex mutex_;
  std::map<std::pair<std::string, Channel>, Circuit> circuits_;  // a provider's channels fail apart
};

}  // namespace kriya::messaging
