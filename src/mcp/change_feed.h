// News about what is offered, from whoever changes it to whoever listens.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace kriya::mcp {

struct Change {
  enum class Kind { tools, prompts, resources, resource };  // the lists; one resource's contents
  Kind kind = Kind::tools;
  std::string uri = {};  // of the resource
};

/// "notifications/tools/list_changed" and so on.
std::string_view notification_of(Change::Kind kind);

/// All is for any thread. Reaches the clients of this process alone.
class ChangeFeed {
 public:
  using Listener = std::function<void(const Change&)>;  // quick, and must not call the feed

  /// Listens until it is destroyed; then its listener does not run any more.
  class Subscription {
   public:
    Subscription(ChangeFeed& feed, std::uint64_t number) : feed_(feed), number_(number) {}
    ~Subscription();
    Subscription(const Subscription&) = delete;

   private:
    ChangeFeed& feed_;
    std::uint64_t number_;
  };

  /// The feed must outlive the subscription.
  std::unique_ptr<Subscription> listen(Listener listener);

  void publish(const Change& change);

 private:
  std::mutex mutex_;
  std::uint64_t last_ = 0;
  std::map<std::uint64_t, Listener> listeners_;
};

}  // namespace kriya::mcp
