// The way out for messages, as a list that tests read; it can refuse, and it can lose an answer.
#pragma once

#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "messaging/messenger.h"

namespace kriya::tests {

class FakeMessenger final : public messaging::Messenger {
 public:
  bool carries(messaging::Channel channel, const messaging::Content&) const override {
    const std::scoped_lock lock(mutex_);
    return carried_.contains(channel);
  }

  Task<Result<messaging::MessageRecord>> send(messaging::NewMessage message, Deadline) override {
    const std::scoped_lock lock(mutex_);
    if (error_) co_return fail(*error_);
    messaging::MessageRecord record;
    record.kind = message.kind;
    record.channel = message.channels.front();
    record.phone_number = message.to.masked();
    record.status = status_;
    if (!message.content.code || !message.content.code->code) {
      record.provider_reference = "reference-" + std::to_string(++references_);
    }
    sent_.push_back(std::move(message));
    co_return record;
  }

  /// What becomes of the next ones: `failed` is definitely not sent, `unknown` a lost answer.
  void answer_with(messaging::Status status) { status_ = status; }
  void refuse_with(std::optional<Error> error) { error_ = std::move(error); }
  void carry(std::set<messaging::Channel> channels) { carried_ = std::move(channels); }

  std::vector<messaging::NewMessage> sent() const {
    const std::scoped_lock lock(mutex_);
    return sent_;
  }

  /// The code of the latest message.
  std::string code() const { return *sent().back().content.code->code; }

 private:
  mutable std::mutex mutex_;
  std::vector<messaging::NewMessage> sent_;
  messaging::Status status_ = messaging::Status::accepted;
  std::optional<Error> error_;
  std::set<messaging::Channel> carried_{messaging::Channel::sms, messaging::Channel::whatsapp,
                                        messaging::Channel::voice};
  int references_ = 0;
};

}  // namespace kriya::tests
