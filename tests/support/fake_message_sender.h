// A provider that does as it is told and remembers what it was asked.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "messaging/ports.h"

namespace kriya::tests {

class FakeMessageSender final : public messaging::MessageSender {
 public:
  using Channels = std::vector<messaging::Channel>;

  explicit FakeMessageSender(std::string provider = "fake", Channels channels = {messaging::Channel::sms})
      : provider_(std::move(provider)), channels_(std::move(channels)) {}

  std::string_view provider() const override { return provider_; }
  bool carries(messaging::Channel channel, const messaging::Content&) const override {
    return std::ranges::find(channels_, channel) != channels_.end();
  }
  Task<messaging::SendOutcome> send(messaging::Outgoing message, Deadline deadline) override {
    patience = deadline.at() - Deadline::Steady::now();
    stoppable = deadline.stop().stop_possible();
    messaging::SendOutcome outcome = accepted("ref-" + std::to_string(sent().size() + 1));
    {
      const std::scoped_lock lock(mutex_);
      sent_.push_back(message);
      if (!outcomes_.empty()) {
        outcome = outcomes_.front();
        outcomes_.pop_front();
      }
    }
    if (during) during(message);
    co_return outcome;
  }

  /// What the next hand-overs come to; after these each is accepted as "ref-<number of the hand-over>".
  void then(messaging::SendOutcome outcome) { outcomes_.push_back(std::move(outcome)); }

  std::vector<messaging::Outgoing> sent() const {
    const std::scoped_lock lock(mutex_);
    return sent_;
  }

  static messaging::SendOutcome accepted(std::string reference) {
    return outcome(messaging::SendOutcome::Kind::accepted, std::move(reference));
  }
  static messaging::SendOutcome ambiguous() { return outcome(messaging::SendOutcome::Kind::ambiguous, {}); }
  static messaging::SendOutcome refused() { return outcome(messaging::SendOutcome::Kind::rejected, {}); }
  static messaging::SendOutcome busy(std::chrono::milliseconds retry_after = {}) {
    auto busy = outcome(messaging::SendOutcome::Kind::rejected, {});
    busy.retryable = true;
    busy.retry_after = retry_after;
    return busy;
  }
  static messaging::SendOutcome held_back(std::chrono::milliseconds retry_after = {}) {
    auto held_back = busy(retry_after);
    held_back.asked = false;
    return held_back;
  }
  static messaging::SendOutcome down() {
    auto down = busy();
    down.provider_down = true;
    return down;
  }

  std::atomic<Deadline::Steady::duration> patience{};      // that the last hand-over had
  std::atomic<bool> stoppable = false;                     // whether the last hand-over could be given up halfway
  std::function<void(const messaging::Outgoing&)> during;  // while the provider has not answered yet

 private:
  static messaging::SendOutcome outcome(messaging::SendOutcome::Kind kind, std::string reference) {
    messaging::SendOutcome outcome;
    outcome.kind = kind;
    outcome.reference = std::move(reference);
    outcome.code = "290";
    outcome.detail = "as told";
    return outcome;
  }

  std::string provider_;
  Channels channels_;
  mutable std::mutex mutex_;
  std::vector<messaging::Outgoing> sent_;
  std::deque<messaging::SendOutcome> outcomes_;
};

}  // namespace kriya::tests
