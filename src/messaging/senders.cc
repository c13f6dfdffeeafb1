#include "messaging/senders.h"

#include <algorithm>

namespace kriya::messaging {

bool Senders::carries(Channel channel, const Content& content) const {
  return std::ranges::any_of(senders_, [&](const MessageSender* one) { return one->carries(channel, content); });
}

MessageSender* Senders::choose(Channel channel, const Content& content, std::string_view last_resort, Timestamp now) {
  const std::scoped_lock lock(mutex_);
  for (const bool resort : {false, true}) {
    for (MessageSender* sender : senders_) {
      if ((sender->provider() == last_resort) != resort || !sender->carries(channel, content)) continue;
      if (circuits_[{std::string(sender->provider()), channel}].allows(now)) return sender;
    }
  }
  return nullptr;
}

void Senders::note(const MessageSender& sender, Channel channel, const SendOutcome& outcome, Timestamp now) {
  if (!outcome.asked) return;
  const std::scoped_lock lock(mutex_);
  Circuit& circuit = circuits_[{std::string(sender.provider()), channel}];
  if (outcome.provider_down) {
    circuit.failed(now);
  } else {
    circuit.succeeded();
  }
}

bool Senders::rests(std::string_view provider, Channel channel, Timestamp now) {
  const std::scoped_lock lock(mutex_);
  const auto circuit = circuits_.find({std::string(provider), channel});
  return circuit != circuits_.end() && circuit->second.rests(now);
}

}  // namespace kriya::messaging
