// Verification without messages: every code is the same, and a test sees what was asked for.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "verification/verification.h"

namespace kriya::tests {

/// Safe to use from every thread. A challenge is open until its code was typed.
class FakeVerification final : public verification::Verification {
 public:
  static constexpr const char* kCode = "123456";

  Task<Result<verification::VerificationBody>> start(verification::StartRequest request, http::Caller) override {
    const std::scoped_lock lock(mutex_);
    const std::string id = "challenge-" + std::to_string(started_.size());
    started_.push_back(request);
    open_.emplace(id, request);
    co_return body(id, request);
  }

  Task<Result<verification::VerificationBody>> resend(std::string id, std::string opened_by,
                                                      std::optional<verification::Channel> channel,
                                                      http::Caller) override {
    const std::scoped_lock lock(mutex_);
    const auto found = open_.find(id);
    if (found == open_.end() || found->second.opened_by != opened_by) co_return gone();
    if (channel) found->second.channel = channel;
    co_return body(id, found->second);
  }

  Task<Result<verification::Proof>> check(std::string id, std::string code, verification::Purpose purpose,
                                          std::string opened_by, http::Caller) override {
    const std::scoped_lock lock(mutex_);
    const auto found = open_.find(id);
    if (found == open_.end() || found->second.opened_by != opened_by || found->second.purpose != purpose) {
      co_return gone();
    }
    if (code != kCode) co_return fail(Errc::invalid_code, "The code is wrong.");
    verification::Proof proof{found->second.phone_number, found->second.payload};
    open_.erase(found);
    co_return proof;
  }

  Task<Result<bool>> unlock(PhoneNumber number, Deadline) override {
    const std::scoped_lock lock(mutex_);
    unlocked_.push_back(number.str());
    co_return true;
  }

  std::vector<verification::StartRequest> started() const {
    const std::scoped_lock lock(mutex_);
    return started_;
  }
  std::vector<std::string> unlocked() const {
    const std::scoped_lock lock(mutex_);
    return unlocked_;
  }

 private:
  static tl::unexpected<Error> gone() { return fail(Errc::verification_expired, "There is no such verification."); }
  static verification::VerificationBody body(const std::string& id, const verification::StartRequest& request) {
    return {.id = id,
            .channel = request.channel.value_or(verification::Channel::sms),
            .phone_number = request.phone_number.masked(),
            .code_length = 6,
            .expires_at = {},
            .resend_at = {}};
  }

  mutable std::mutex mutex_;
  std::vector<verification::StartRequest> started_;
  std::map<std::string, verification::StartRequest> open_;
  std::vector<std::string> unlocked_;
};

}  // namespace kriya::tests
