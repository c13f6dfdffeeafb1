// A messenger that keeps what it was given, or refuses all of it.
#pragma once

#include <mutex>
#include <vector>

#include "messaging/messenger.h"

namespace kriya::tests {

/// Safe to use from every thread.
class FakeMessenger final : public messaging::Messenger {
 public:
  bool carries(messaging::Channel, const messaging::Content&) const override { return true; }

  Task<Result<messaging::MessageRecord>> send(messaging::NewMessage message, Deadline) override {
    const std::scoped_lock lock(mutex_);
    if (refuses) co_return fail(Errc::opted_out, "The recipient said STOP.");
    sent_.push_back(std::move(message));
    co_return messaging::MessageRecord{};
  }

  std::vector<messaging::NewMessage> sent() const {
    const std::scoped_lock lock(mutex_);
    return sent_;
  }

  bool refuses = false;

 private:
  mutable std::mutex mutex_;
  std::vector<messaging::NewMessage> sent_;
};

}  // namespace kriya::tests
