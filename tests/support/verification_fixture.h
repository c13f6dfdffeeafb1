// A CodeVerification over a database of each engine, whose messages and clock belong to the test.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/fake_clock.h"
#include "tests/support/fake_messenger.h"
#include "tests/support/test_database.h"
#include "verification/code_verification.h"

namespace kriya::verification {

using messaging::Channel;
using tests::soon;

constexpr const char* kAsha = "+14155550123";

inline PhoneNumber number(const std::string& text) { return PhoneNumber::parse(text).value(); }

/// The n-th of many numbers.
inline std::string number_text(int n) { return "+1415555" + std::to_string(1000 + n); }

inline http::Caller from(const std::string& address) {
  return {.address = address, .user_agent = "", .request_id = "r", .deadline = soon(), .bearer = ""};
}

class VerificationFixture : public ::testing::TestWithParam<tests::Engine> {
 protected:
  VerificationFixture() { build(); }

  std::unique_ptr<CodeVerification> make(storage::Database& database) {
    return std::make_unique<CodeVerification>(
        rules_, Secret("a master key that is long enough for tests"),
        CodeVerification::Parts{database, messenger_, texts_, *events_, clock_, risk_, verifier_});
  }
  void build() { verification_ = make(*database_); }

  void reopen() {
    verification_.reset();
    database_.reopen();
    events_.emplace(*database_, clock_);
    build();
  }

  Result<VerificationBody> start(StartRequest request, const std::string& address = "203.0.113.7") {
    return run_to_completion(verification_->start(std::move(request), from(address)));
  }
  Result<VerificationBody> start(const std::string& phone = kAsha, const std::string& address = "203.0.113.7") {
    return start(StartRequest{.phone_number = number(phone)}, address);
  }
  Result<VerificationBody> resend(const std::string& id, std::optional<Channel> channel = {},
                                  const std::string& opened_by = "") {
    return run_to_completion(verification_->resend(id, opened_by, channel, from("203.0.113.7")));
  }
  Result<Proof> check(const std::string& id, const std::string& code, const std::string& address = "203.0.113.7",
                      Purpose purpose = Purpose::sign_in, const std::string& opened_by = "") {
    return run_to_completion(verification_->check(id, code, purpose, opened_by, from(address)));
  }
  Errc failure(const std::string& id, const std::string& code, const std::string& address = "203.0.113.7") {
    const auto answer = check(id, code, address);
    return answer ? Errc::internal : answer.error().code;
  }

  std::string wrong_code() const { return messenger_.code() == "000000" ? "000001" : "000000"; }

  /// Wrong guesses at new challenges of one number, each after its waits, until it failed so often. Afterwards no wait
  /// and no limit is left.
  void fail_times(int times) {
    std::string id;
    for (int failed = 0; failed < times; ++failed) {
      if (failed % 5 == 0 || failed >= 9) {
        clock_.advance(std::chrono::hours(5));
        const auto opened = start();
        ASSERT_TRUE(opened) << opened.error().detail;
        id = opened->id;
      }
      ASSERT_EQ(failure(id, wrong_code()), Errc::invalid_code) << failed;
    }
    clock_.advance(std::chrono::hours(5));
  }

  storage::Rows rows(const char* sql) {
    return run_to_completion((*database_).run({storage::Use::scan, sql}, {}, soon())).value();
  }
  std::int64_t count(const char* sql) { return rows(sql).get<std::int64_t>(0, 0); }

  tests::TestDatabase database_{GetParam()};
  tests::FakeClock clock_;
  tests::FakeMessenger messenger_;
  MessageTexts texts_ = MessageTexts::load({.service_name = "Kriya", .host = "id.example.com", .folder = {}}).value();
  std::optional<SecurityLog> events_{std::in_place, *database_, clock_};
  messaging::RiskScorer* risk_ = nullptr;
  messaging::CodeVerifier* verifier_ = nullptr;
  CodeVerification::Rules rules_{.sending = {.limits = {}, .pumping_guard = PumpingGuard::off}};
  std::unique_ptr<CodeVerification> verification_;
  std::string address_ = "203.0.113.7";
};

}  // namespace kriya::verification
