#include "storage/ephemeral/redis_subscriber.h"

namespace kriya::storage::ephemeral {

void Listening::deliver(std::string_view message) {
  const std::scoped_lock lock(mutex_);
  if (ended_) return;
  calling_ = std::this_thread::get_id();
  on_message_(message);
  calling_ = std::thread::id();
  if (ended_) on_message_ = nullptr;  // it ended itself
}

void Listening::end() {
  ended_ = true;
  if (calling_ == std::this_thread::get_id()) return;
  const std::scoped_lock lock(mutex_);
  on_message_ = nullptr;
}

void RedisSubscriber::add(const std::string& channel, std::shared_ptr<Listening> listening) {
  auto& all = channels_[channel];
  all.push_back(std::move(listening));
  if (all.size() == 1 && state() == LinkState::up) send(redis_command({"SUBSCRIBE", channel}));
}

void RedisSubscriber::remove(const std::string& channel, const std::shared_ptr<Listening>& listening) {
  const auto found = channels_.find(channel);
  if (found == channels_.end()) return;
  std::erase(found->second, listening);
  if (!found->second.empty()) return;
  channels_.erase(found);
  if (state() == LinkState::up) send(redis_command({"UNSUBSCRIBE", channel}));
}

void RedisSubscriber::on_up() {
  for (const auto& [channel, all] : channels_) send(redis_command({"SUBSCRIBE", channel}));
  heard_ = true;
  beat();
}

void RedisSubscriber::on_reply(Reply reply) {
  heard_ = true;
  if (reply.is_error()) return health().refused(reply.text);
  if (reply.parts.size() != 3 || reply.parts[0].text != "message") return;  // (un)subscribed, or the answer to a beat
  const auto found = channels_.find(reply.parts[1].text);
  if (found == channels_.end()) return;
  const auto listeners = found->second;  // a copy: who is called may subscribe and end subscriptions
  for (const auto& listening : listeners) listening->deliver(reply.parts[2].text);
}

void RedisSubscriber::on_down() { heartbeat_.cancel(); }

void RedisSubscriber::beat() {
  if (!heard_) return lose("it does not answer");
  heard_ = false;
  send(redis_command({"PING"}));
  heartbeat_.expires_after(options().heartbeat);
  heartbeat_.async_wait([weak = weak_from_this()](const boost::system::error_code& ec) {
    const auto self = std::static_pointer_cast<RedisSubscriber>(weak.lock());
    if (self && !ec && self->state() == LinkState::up) self->beat();
  });
}

}  // namespace kriya::storage::ephemeral
