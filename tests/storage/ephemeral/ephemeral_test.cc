// What every engine behind the port promises.
#include "storage/ephemeral/ephemeral.h"

#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "runtime/io_threads.h"
#include "storage/ephemeral/gcra.h"
#include "storage/ephemeral/memory.h"
#include "storage/ephemeral/redis.h"
#include "tests/support/fake_clock.h"
#include "tests/support/redis_server.h"

namespace kriya::storage::ephemeral {
namespace {

using namespace std::chrono_literals;

// ---- The engines. Another one: a name here, a class below, a line in `surroundings_of`. ----

enum class Engine { memory, redis };

std::string engine_name(const ::testing::TestParamInfo<Engine>& info) {
  return info.param == Engine::memory ? "memory" : "redis";
}

/// A store and the time it goes by.
class Surroundings {
 public:
  virtual ~Surroundings() = default;
  virtual Ephemeral& store() = 0;
  virtual void pass(std::chrono::milliseconds span) = 0;
};

class MemorySurroundings final : public Surroundings {
 public:
  Ephemeral& store() override { return memory_; }
  void pass(std::chrono::milliseconds span) override { clock_.advance(span); }

 private:
  tests::FakeClock clock_;
  Memory memory_{clock_};
};

class RedisSurroundings final : public Surroundings {
 public:
  Ephemeral& store() override { return *redis_; }
  void pass(std::chrono::milliseconds span) override { std::this_thread::sleep_for(span); }  // Redis has its own clock

 private:
  tests::RedisServer server_;
  telemetry::Log log_{{.level = telemetry::Level::error, .file = "/dev/null"}};
  telemetry::Metrics metrics_;
  IoThreads threads_{0};
  std::unique_ptr<Redis> redis_ = Redis::open(server_.options(), threads_, log_, metrics_);
};

std::unique_ptr<Surroundings> surroundings_of(Engine engine) {
  switch (engine) {
    case Engine::memory:
      return std::make_unique<MemorySurroundings>();
    case Engine::redis:
      return std::make_unique<RedisSurroundings>();
  }
  return nullptr;
}

class EphemeralTest : public ::testing::TestWithParam<Engine> {
 protected:
  Taken take(const std::string& key, Rate rate) {
    return run_to_completion(store().take(key, rate, Deadline::after(30s))).value();
  }
  void publish(const std::string& channel, const std::string& message) {
    EXPECT_TRUE(run_to_completion(store().publish(channel, message, Deadline::after(30s))).has_value());
  }
  Ephemeral& store() { return surroundings_->store(); }

  std::unique_ptr<Surroundings> surroundings_ = surroundings_of(GetParam());
};

INSTANTIATE_TEST_SUITE_P(Engines, EphemeralTest, ::testing::Values(Engine::memory, Engine::redis), engine_name);

// ---- Buckets ----

TEST_P(EphemeralTest, ABucketGivesItsRequestsAtOnceAndThenRefuses) {
  const Rate rate{.requests = 3, .window = 3h};
  for (const std::int64_t left : {2, 1, 0}) {
    const Taken taken = take("a", rate);
    EXPECT_TRUE(taken.allowed);
    EXPECT_EQ(taken.remaining, left);
    EXPECT_EQ(taken.retry_after, 0ms);
  }
  const Taken refused = take("a", rate);
  EXPECT_FALSE(refused.allowed);
  EXPECT_EQ(refused.remaining, 0);
  EXPECT_GT(refused.retry_after, 59min);
  EXPECT_LE(refused.retry_after, 1h);
  EXPECT_GT(refused.full_again, 179min);
  EXPECT_LE(refused.full_again, 3h);
}

TEST_P(EphemeralTest, TheFirstOfAFullBucketIsTheSumOfGcraToTheMillisecond) {
  for (const Rate rate :
       {Rate{1, 1ms}, Rate{1, 1h}, Rate{7, 60s}, Rate{600, 60s}, Rate{100000, 1s}, Rate{3000000, 1s}}) {
    Bucket bucket;
    const Taken expected = take_from(bucket, rate, *parse_rfc3339("2026-11-21T09:30:00Z"));
    const Taken taken = take("k" + std::to_string(rate.requests) + "/" + std::to_string(rate.window.count()), rate);
    EXPECT_TRUE(taken.allowed);
    EXPECT_EQ(taken.remaining, expected.remaining) << rate.requests;
    EXPECT_EQ(taken.full_again, expected.full_again) << rate.requests;
  }
}

TEST_P(EphemeralTest, ARefusedRequestTakesNothing) {
  const Rate rate{.requests = 1, .window = 1h};
  take("a", rate);
  const Taken first = take("a", rate);
  for (int i = 0; i < 5; ++i) take("a", rate);
  EXPECT_LE(take("a", rate).retry_after, first.retry_after);
}

TEST_P(EphemeralTest, ABucketFillsEvenly) {
  const Rate rate{.requests = 2, .window = 2s};
  take("a", rate);
  take("a", rate);
  const Taken refused = take("a", rate);
  ASSERT_FALSE(refused.allowed);
  EXPECT_LE(refused.retry_after, 1s);
  surroundings_->pass(refused.retry_after);
  EXPECT_TRUE(take("a", rate).allowed);
  EXPECT_FALSE(take("a", rate).allowed);
}

TEST_P(EphemeralTest, BucketsAreApart) {
  const Rate rate{.requests = 1, .window = 1h};
  EXPECT_TRUE(take("a", rate).allowed);
  EXPECT_TRUE(take("b", rate).allowed);
  EXPECT_TRUE(take(std::string("a\0 \r\n*1", 8), rate).allowed);
  EXPECT_FALSE(take("a", rate).allowed);
}

TEST_P(EphemeralTest, ManyAtOnceNeverTakeMoreThanThereIs) {
  constexpr Rate kRate{.requests = 50, .window = 10h};
  std::atomic<int> allowed = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 50; ++j) allowed += take("a", kRate).allowed ? 1 : 0;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(allowed, 50);
}

TEST_P(EphemeralTest, APingIsAnswered) {
  EXPECT_TRUE(run_to_completion(store().ping(Deadline::after(30s))).has_value());
}

// ---- Messages ----

/// What a subscription heard. It may take a moment until one begins: `publish_until_heard`.
class Ear {
 public:
  void hear(std::string_view message) {
    const std::scoped_lock lock(mutex_);
    heard_.emplace_back(message);
    changed_.notify_all();
  }
  Ephemeral::OnMessage on_message() {
    return [this](std::string_view message) { hear(message); };
  }
  bool wait_for(const std::string& message, std::chrono::milliseconds span) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, span, [&] { return !heard_.empty() && heard_.back() == message; });
  }
  std::vector<std::string> heard() {
    const std::scoped_lock lock(mutex_);
    return heard_;
  }
  void forget() {
    const std::scoped_lock lock(mutex_);
    heard_.clear();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> heard_;
};

class EphemeralMessages : public EphemeralTest {
 protected:
  /// Until the subscription stands, then a mark behind which nothing of it comes any more.
  void await_listening(const std::string& channel, Ear& ear) {
    for (int i = 0; i < 500; ++i) {
      publish(channel, "hello");
      if (ear.wait_for("hello", 20ms)) break;
    }
    publish(channel, "begin");
    ASSERT_TRUE(ear.wait_for("begin", 10s));
    ear.forget();
  }
};

INSTANTIATE_TEST_SUITE_P(Engines, EphemeralMessages, ::testing::Values(Engine::memory, Engine::redis), engine_name);

TEST_P(EphemeralMessages, ArriveInOrderAndWhole) {
  Ear ear;
  const auto subscription = store().subscribe("news", ear.on_message());
  await_listening("news", ear);
  std::vector<std::string> sent{"", std::string("\0\r\n$-1", 6), std::string(100000, 'x')};
  for (int i = 0; i < 100; ++i) sent.push_back("message " + std::to_string(i));
  for (const auto& message : sent) publish("news", message);
  EXPECT_TRUE(ear.wait_for(sent.back(), 10s));
  EXPECT_EQ(ear.heard(), sent);
}

TEST_P(EphemeralMessages, ReachEverySubscriberOfTheirChannelOnly) {
  Ear one;
  Ear two;
  Ear other;
  const auto first = store().subscribe("news", one.on_message());
  const auto second = store().subscribe("news", two.on_message());
  const auto third = store().subscribe("weather", other.on_message());
  await_listening("news", one);
  await_listening("weather", other);
  two.forget();
  publish("news", "x");
  publish("weather", "y");
  EXPECT_TRUE(one.wait_for("x", 10s));
  EXPECT_TRUE(two.wait_for("x", 10s));
  EXPECT_TRUE(other.wait_for("y", 10s));
  EXPECT_EQ(two.heard(), std::vector<std::string>{"x"});
  EXPECT_EQ(other.heard(), std::vector<std::string>{"y"});
}

TEST_P(EphemeralMessages, AreNotHeardAfterTheSubscriptionEnds) {
  Ear ended;
  Ear other;
  auto subscription = store().subscribe("news", ended.on_message());
  const auto stays = store().subscribe("news", other.on_message());
  await_listening("news", ended);
  subscription.reset();
  publish("news", "x");
  EXPECT_TRUE(other.wait_for("x", 10s));
  EXPECT_EQ(ended.heard(), std::vector<std::string>{});
}

TEST_P(EphemeralMessages, AChannelCanBeHeardAgainAfterItsLastSubscriptionEnded) {
  Ear ear;
  auto subscription = store().subscribe("news", ear.on_message());
  await_listening("news", ear);
  subscription.reset();
  subscription = store().subscribe("news", ear.on_message());
  await_listening("news", ear);
}

TEST_P(EphemeralMessages, MayEndTheirSubscriptionFromInside) {
  Ear ear;
  std::unique_ptr<Ephemeral::Subscription> subscription;
  std::promise<void> ended;
  std::promise<void> assigned;
  std::atomic<int> calls = 0;
  auto ready = assigned.get_future().share();
  subscription = store().subscribe("news", [&, ready](std::string_view) {
    ready.wait();
    ++calls;
    subscription.reset();
    ended.set_value();
  });
  assigned.set_value();
  const auto other = store().subscribe("news", ear.on_message());
  await_listening("news", ear);
  ended.get_future().wait();
  publish("news", "x");
  EXPECT_TRUE(ear.wait_for("x", 10s));
  EXPECT_EQ(calls, 1);
}

TEST_P(EphemeralMessages, EndingASubscriptionWaitsForTheCallUnderWay) {
  Ear ear;
  std::promise<void> started;
  std::promise<void> gate;
  std::atomic<bool> finished = false;
  std::once_flag once;
  auto subscription = store().subscribe("news", [&](std::string_view) {
    std::call_once(once, [&] {
      started.set_value();
      gate.get_future().wait();
      std::this_thread::yield();
      finished = true;
    });
  });
  const auto begun = started.get_future().share();
  std::thread publisher([&] {  // its own answer may have to wait for the call
    for (int i = 0; i < 500 && begun.wait_for(20ms) != std::future_status::ready; ++i) {
      run_to_completion(store().publish("news", "x", Deadline::after(50ms)));
    }
  });
  std::thread opener([&] {
    begun.wait();
    gate.set_value();
  });
  opener.join();
  subscription.reset();
  EXPECT_TRUE(finished);
  publisher.join();
}

}  // namespace
}  // namespace kriya::storage::ephemeral
