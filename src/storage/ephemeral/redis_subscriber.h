// Messages from Redis over a connection of their own, each handed to the subscriptions of its channel.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "storage/ephemeral/ephemeral.h"
#include "storage/ephemeral/redis_link.h"

namespace kriya::storage::ephemeral {

/// One subscription: calls until it is ended. Safe from any thread.
class Listening {
 public:
  explicit Listening(Ephemeral::OnMessage on_message) : on_message_(std::move(on_message)) {}

  void deliver(std::string_view message);

  /// No call begins after this; one under way is waited for, unless this is called by it.
  void end();

 private:
  std::mutex mutex_;  // held during a call
  Ephemeral::OnMessage on_message_;
  std::atomic<std::thread::id> calling_;
  std::atomic<bool> ended_ = false;
};

/// Belongs to one thread, see RedisLink. A heartbeat finds connections that died without a word.
class RedisSubscriber final : public RedisLink {
 public:
  using RedisLink::RedisLink;

  void add(const std::string& channel, std::shared_ptr<Listening> listening);
  void remove(const std::string& channel, const std::shared_ptr<Listening>& listening);

 private:
  void on_up() override;
  void on_reply(Reply reply) override;
  void on_down() override;
  void beat();

  std::map<std::string, std::vector<std::shared_ptr<Listening>>> channels_;
  Timer heartbeat_{executor()};
  bool heard_ = false;  // anything since the last beat
};

}  // namespace kriya::storage::ephemeral
