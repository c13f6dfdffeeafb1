// Publish and subscribe inside one process.
#pragma once

#include <memory>
#include <string>

#include "storage/ephemeral/ephemeral.h"

namespace kriya::storage::ephemeral {

/// Hands messages to the subscribers of their channel, one message of a channel at a time and in order. Safe to use
/// from any thread. A subscription may outlive it and is told nothing more then.
class Channels {
 public:
  Channels();

  /// Calls the subscribers of this moment, on this thread; or leaves that to a thread that is at it already, so that a
  /// subscriber may publish too and nobody waits for a slow one. `OnMessage` must not throw.
  void publish(const std::string& channel, std::string message);

  std::unique_ptr<Ephemeral::Subscription> subscribe(std::string channel, Ephemeral::OnMessage on_message);

 private:
  struct Subscriber;
  struct Channel;
  struct Known;
  class Membership;

  std::shared_ptr<Known> known_;
};

}  // namespace kriya::storage::ephemeral
