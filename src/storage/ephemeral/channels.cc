#include "storage/ephemeral/channels.h"

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

namespace kriya::storage::ephemeral {

struct Channels::Subscriber {
  explicit Subscriber(Ephemeral::OnMessage receiver) : on_message(std::move(receiver)) {}

  void deliver(const std::string& message) noexcept {
    {
      const std::scoped_lock lock(mutex);
      if (ended) return;
      called_by = std::this_thread::get_id();
    }
    on_message(message);
    {
      const std::scoped_lock lock(mutex);
      called_by = std::thread::id();
    }
    idle.notify_all();
  }

  /// No call begins from now on; waits for one under way, unless it is that call which ends the subscription.
  void end() {
    std::unique_lock lock(mutex);
    ended = true;
    idle.wait(lock, [&] { return called_by == std::thread::id() || called_by == std::this_thread::get_id(); });
  }

  const Ephemeral::OnMessage on_message;
  std::mutex mutex;
  std::condition_variable idle;
  std::thread::id called_by;  // nobody: no call is under way
  bool ended = false;
};

struct Channels::Channel {
  struct Waiting {
    std::string message;
    std::vector<std::shared_ptr<Subscriber>> to;
  };

  std::vector<std::shared_ptr<Subscriber>> subscribers;
  std::deque<Waiting> queue;
  bool delivering = false;  // by the thread that found it false
};

struct Channels::Known {
  std::mutex mutex;                         // not held while a subscriber is called
  std::map<std::string, Channel> channels;  // those with subscribers or with a delivery under way

  void drop_if_idle(const std::string& name) {
    const auto found = channels.find(name);
    if (found->second.subscribers.empty() && !found->second.delivering) channels.erase(found);
  }
};

class Channels::Membership final : public Ephemeral::Subscription {
 public:
  Membership(std::shared_ptr<Known> known, std::string channel, std::shared_ptr<Subscriber> subscriber)
      : known_(std::move(known)), channel_(std::move(channel)), subscriber_(std::move(subscriber)) {}

  ~Membership() override {
    {
      const std::scoped_lock lock(known_->mutex);
      std::erase(known_->channels.at(channel_).subscribers, subscriber_);
      known_->drop_if_idle(channel_);
    }
    subscriber_->end();
  }

  Membership(const Membership&) = delete;
  Membership& operator=(const Membership&) = delete;

 private:
  std::shared_ptr<Known> known_;
  std::string channel_;
  std::shared_ptr<Subscriber> subscriber_;
};

Channels::Channels() : known_(std::make_shared<Known>()) {}

void Channels::publish(const std::string& channel, std::string message) {
  const auto known = known_;  // a subscriber may end this object's life
  std::unique_lock lock(known->mutex);
  const auto found = known->channels.find(channel);
  if (found == known->channels.end()) return;
  Channel& target = found->second;
  target.queue.push_back({std::move(message), target.subscribers});
  if (target.delivering) return;
  target.delivering = true;
  while (!target.queue.empty()) {
    const Channel::Waiting next = std::move(target.queue.front());
    target.queue.pop_front();
    lock.unlock();
    for (const auto& subscriber : next.to) subscriber->deliver(next.message);
    lock.lock();
  }
  target.delivering = false;
  known->drop_if_idle(channel);
}

std::unique_ptr<Ephemeral::Subscription> Channels::subscribe(std::string channel, Ephemeral::OnMessage on_message) {
  auto subscriber = std::make_shared<Subscriber>(std::move(on_message));
  {
    const std::scoped_lock lock(known_->mutex);
    known_->channels[channel].subscribers.push_back(subscriber);
  }
  return std::make_unique<Membership>(known_, std::move(channel), std::move(subscriber));
}

}  // namespace kriya::storage::ephemeral
