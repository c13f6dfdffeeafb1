// The door to what may expire: counters of requests, and messages between instances.
//
// Nothing here guards money or guesses: codes, attempts and send limits are rows of the database, which outlive
// restarts. What is lost here costs nobody more than a counter that starts again.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "runtime/deadline.h"
#include "runtime/task.h"

namespace kriya::storage::ephemeral {

/// At most `requests` in any `window`, on average; up to `requests` at once. (GCRA: a bucket that fills evenly.) Both
/// are at least 1.
struct Rate {
  std::int64_t requests = 0;
  std::chrono::milliseconds window{};
};

/// What taking one request out of a bucket said.
struct Taken {
  bool allowed = false;
  std::int64_t remaining = 0;               // requests that could follow at once
  std::chrono::milliseconds full_again{};   // until the bucket is as if nothing had been taken
  std::chrono::milliseconds retry_after{};  // until one request fits; 0 when allowed
};

/// Safe to use from every I/O thread and from threads of no pool; an answer arrives on the thread that asked.
/// Errors of every call: unavailable.
class Ephemeral {
 public:
  virtual ~Ephemeral() = default;

  /// Takes one request out of the bucket `key`, atomically among all instances that share the store. A refused request
  /// takes nothing.
  virtual Task<Result<Taken>> take(std::string key, Rate rate, Deadline deadline) = 0;

  /// Hands the message to every subscriber of the channel that is connected now, on this instance and the others.
  virtual Task<Result<void>> publish(std::string channel, std::string message, Deadline deadline) = 0;

  /// Calls `on_message` for each message of the channel until the subscription is destroyed; on any thread, one message
  /// of a channel at a time and in order. What is published while the store is away is lost; subscriptions come back by
  /// themselves. Destroying it waits for a call under way, unless it is that call which destroys it.
  class Subscription {
   public:
    virtual ~Subscription() = default;
  };
  using OnMessage = std::function<void(std::string_view message)>;
  virtual std::unique_ptr<Subscription> subscribe(std::string channel, OnMessage on_message) = 0;

  /// Whether the store answers, e.g. for health checks.
  virtual Task<Result<void>> ping(Deadline deadline) = 0;
};

}  // namespace kriya::storage::ephemeral
