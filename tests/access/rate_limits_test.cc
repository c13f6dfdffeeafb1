#include "access/rate_limits.h"

#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "runtime/io_threads.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temporary_folder.h"

namespace kriya::access {
namespace {

using http::RateLimit;
using std::chrono::milliseconds;
using std::chrono::seconds;
using storage::ephemeral::Memory;

const RateLimit kOpen{.name = "open", .requests = 3, .window = seconds(3)};
const RateLimit kClosed{
    .name = "closed", .requests = 3, .window = seconds(3), .when_away = RateLimit::WhenAway::closed};

/// The store of this process, which can be away.
class Flaky final : public storage::ephemeral::Ephemeral {
 public:
  explicit Flaky(const Clock& clock) : memory_(clock) {}

  Task<Result<storage::ephemeral::Taken>> take(std::string key, storage::ephemeral::Rate rate,
                                               Deadline deadline) override {
    ++asked;
    keys.push_back(key);
    if (away) co_return fail(Errc::unavailable, "no route to the store");
    co_return co_await memory_.take(std::move(key), rate, deadline);
  }
  Task<Result<void>> publish(std::string, std::string, Deadline) override { co_return Result<void>(); }
  std::unique_ptr<Subscription> subscribe(std::string, OnMessage) override { return nullptr; }
  Task<Result<void>> ping(Deadline) override { co_return Result<void>(); }

  bool away = false;
  int asked = 0;
  std::vector<std::string> keys;

 private:
  Memory memory_;
};

class RateLimitsTest : public ::testing::Test {
 protected:
  RateLimitsTest() {
    http::Route route{.method = http::Method::get, .path = "/", .access = {}, .run = {}, .describe = {}};
    route.limits = {kOpen, kClosed};
    router_.add(std::move(route));
    limits_.emplace(router_, store_, clock_, *log_, metrics_);
  }

  Result<http::RateLimitVerdict> take(const RateLimit& limit, const char* subject = "somebody") {
    return run_to_completion(limits_->take(limit, subject, Deadline::after(seconds(5))));
  }
  std::uint64_t counted(const char* name, const char* label, const char* value) {
    return metrics_.counter(name, "", {{label, value}}).total();
  }
  /// How often the log says this.
  std::size_t said(std::string_view words) {
    log_->reopen();  // writes what is waiting
    std::ostringstream text;
    text << std::ifstream(folder_.path() / "log").rdbuf();
    std::size_t count = 0;
    for (std::size_t at = text.str().find(words); at != std::string::npos; at = text.str().find(words, at + 1)) ++count;
    return count;
  }

  tests::TemporaryFolder folder_;
  tests::FakeClock clock_;
  std::optional<telemetry::Log> log_{
      telemetry::Log::Options{.level = telemetry::Level::info, .json = true, .file = folder_.path() / "log"}};
  telemetry::Metrics metrics_;
  http::Router router_;
  Flaky store_{clock_};
  std::optional<RateLimits> limits_;
};

TEST_F(RateLimitsTest, SayWhatIsLeftAndWhenThereIsMore) {
  const auto first = take(kOpen);
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->allowed);
  EXPECT_EQ(first->remaining, 2);
  EXPECT_EQ(first->renewed, seconds(1));  // whole again
  EXPECT_EQ(take(kOpen)->renewed, seconds(2));
  clock_.advance(milliseconds(250));
  const auto last = take(kOpen);
  EXPECT_TRUE(last->allowed);
  EXPECT_EQ(last->remaining, 0);
  EXPECT_EQ(last->renewed, milliseconds(750));  // until one fits
  clock_.advance(milliseconds(250));
  const auto refused = take(kOpen);
  EXPECT_FALSE(refused->allowed);
  EXPECT_EQ(refused->renewed, milliseconds(500));
  clock_.advance(milliseconds(500));
  EXPECT_TRUE(take(kOpen)->allowed);
}

TEST_F(RateLimitsTest, CountForEachLimitAndSubject) {
  EXPECT_EQ(take(kOpen, "a")->remaining, 2);
  EXPECT_EQ(take(kOpen, "b")->remaining, 2);
  EXPECT_EQ(take(kClosed, "a")->remaining, 2);
  EXPECT_EQ(store_.keys, (std::vector<std::string>{"open:a", "open:b", "closed:a"}));
}

TEST_F(RateLimitsTest, CountRefusalsByLimit) {
  for (int i = 0; i < 5; ++i) take(kOpen);
  EXPECT_EQ(counted("kriya_rate_limited_total", "limit", "open"), 2U);
  EXPECT_EQ(counted("kriya_rate_limited_total", "limit", "closed"), 0U);
}

TEST_F(RateLimitsTest, WithoutTheStoreAnOpenLimitCountsHere) {
  store_.away = true;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(take(kOpen)->allowed);
  EXPECT_FALSE(take(kOpen)->allowed);
  EXPECT_EQ(counted("kriya_rate_limit_store_failures_total", "policy", "open"), 4U);
  EXPECT_EQ(counted("kriya_rate_limited_total", "limit", "open"), 1U);
}

TEST_F(RateLimitsTest, WithoutTheStoreAClosedLimitRefuses) {
  store_.away = true;
  const auto refused = take(kClosed);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::unavailable);
  EXPECT_EQ(counted("kriya_rate_limit_store_failures_total", "policy", "closed"), 1U);
}

TEST_F(RateLimitsTest, LeaveAStoreThatFailedAloneForASecond) {
  store_.away = true;
  for (int i = 0; i < 3; ++i) take(kOpen);
  EXPECT_EQ(store_.asked, 1);
  clock_.advance(milliseconds(999));
  take(kOpen);
  EXPECT_EQ(store_.asked, 1);
  store_.away = false;
  clock_.advance(milliseconds(1));
  EXPECT_EQ(take(kClosed)->remaining, 2);
  EXPECT_EQ(store_.asked, 2);
}

TEST_F(RateLimitsTest, AskAgainAtOnceWhenTheClockWasSetBack) {
  store_.away = true;
  take(kOpen);
  store_.away = false;
  clock_.advance(-std::chrono::hours(1));
  EXPECT_TRUE(take(kClosed));
}

TEST_F(RateLimitsTest, LogOnceThatTheStoreIsAwayAndOnceThatItIsBack) {
  take(kOpen);
  EXPECT_EQ(said("out of reach"), 0U);
  store_.away = true;
  for (int i = 0; i < 3; ++i) {
    take(kOpen);
    clock_.advance(seconds(2));
  }
  EXPECT_EQ(said("out of reach"), 1U);
  EXPECT_EQ(said("no route to the store"), 1U);
  store_.away = false;
  for (int i = 0; i < 3; ++i) take(kOpen);
  EXPECT_EQ(said("counters are back"), 1U);
  store_.away = true;
  take(kOpen);
  EXPECT_EQ(said("out of reach"), 2U);
}

}  // namespace
}  // namespace kriya::access
