#include "storage/ephemeral/memory.h"

#include <atomic>
#include <future>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "runtime/io_threads.h"
#include "tests/support/fake_clock.h"

namespace kriya::storage::ephemeral {
namespace {

using std::chrono::milliseconds;

constexpr Rate kTwoASecond{.requests = 2, .window = milliseconds(1000)};

Taken take(Memory& memory, const std::string& key, Rate rate = kTwoASecond) {
  return run_to_completion(memory.take(key, rate, Deadline::after(std::chrono::seconds(5)))).value();
}
void publish(Memory& memory, const std::string& channel, const std::string& message) {
  ASSERT_TRUE(run_to_completion(memory.publish(channel, message, Deadline::after(std::chrono::seconds(5)))));
}

TEST(Memory, CountsEachKeyForItself) {
  tests::FakeClock clock;
  Memory memory(clock);
  EXPECT_TRUE(take(memory, "a").allowed);
  EXPECT_TRUE(take(memory, "a").allowed);
  EXPECT_FALSE(take(memory, "a").allowed);
  EXPECT_EQ(take(memory, "b").remaining, 1);
  clock.advance(milliseconds(500));
  EXPECT_TRUE(take(memory, "a").allowed);
  EXPECT_FALSE(take(memory, "a").allowed);
}

TEST(Memory, ThreadsTogetherGetNoMoreThanTheRate) {
  const tests::FakeClock clock;
  Memory memory(clock);
  std::atomic<int> allowed{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int n = 0; n < 500; ++n) {
          if (take(memory, "one", {.requests = 700, .window = milliseconds(60'000)}).allowed) ++allowed;
        }
      });
    }
  }
  EXPECT_EQ(allowed, 700);
}

TEST(Memory, DropsFullBucketsLittleByLittle) {
  tests::FakeClock clock;
  Memory memory(clock);
  for (int i = 0; i < 1000; ++i) take(memory, "old " + std::to_string(i));
  EXPECT_EQ(memory.buckets(), 1000U);
  clock.advance(std::chrono::seconds(2));
  for (int i = 0; i < 3000; ++i) take(memory, "new " + std::to_string(i % 500));
  EXPECT_LE(memory.buckets(), 600U);  // all that were used again, and hardly one of the others
}

TEST(Memory, HoldsNoMoreThanItMayAndForgetsThoseNearestToFull) {
  tests::FakeClock clock;
  Memory memory(clock, 640);
  constexpr Rate kSlow{.requests = 5, .window = std::chrono::hours(1)};
  for (int i = 0; i < 5; ++i) take(memory, "greedy", kSlow);
  for (int i = 0; i < 20'000; ++i) take(memory, "passer-by " + std::to_string(i), kSlow);
  EXPECT_LE(memory.buckets(), 640U);
  EXPECT_GE(memory.buckets(), 600U);
  EXPECT_FALSE(take(memory, "greedy", kSlow).allowed);
}

TEST(Memory, TellsEverySubscriberOfTheChannelInOrder) {
  const SystemClock clock;
  Memory memory(clock);
  std::vector<std::string> first, second, other;
  const auto one = memory.subscribe("news", [&](std::string_view text) { first.emplace_back(text); });
  publish(memory, "news", "1");
  auto two = memory.subscribe("news", [&](std::string_view text) { second.emplace_back(text); });
  const auto three = memory.subscribe("weather", [&](std::string_view text) { other.emplace_back(text); });
  publish(memory, "news", "2");
  two.reset();
  publish(memory, "news", "3");
  publish(memory, "nobody listens", "4");
  EXPECT_EQ(first, (std::vector<std::string>{"1", "2", "3"}));
  EXPECT_EQ(second, (std::vector<std::string>{"2"}));
  EXPECT_TRUE(other.empty());
}

TEST(Memory, DeliversOneMessageOfAChannelAtATime) {
  const SystemClock clock;
  Memory memory(clock);
  std::atomic<int> inside{0};
  std::atomic<bool> overlapped{false};
  std::vector<std::string> seen;  // no lock: that is what is tested
  const auto subscription = memory.subscribe("news", [&](std::string_view text) {
    if (++inside > 1) overlapped = true;
    seen.emplace_back(text);
    --inside;
  });
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&, i] {
        for (int n = 0; n < 250; ++n) publish(memory, "news", std::to_string(i * 1000 + n));
      });
    }
  }
  publish(memory, "news", "last");  // delivered by this thread, after all that was queued
  EXPECT_FALSE(overlapped);
  ASSERT_EQ(seen.size(), 1001U);
  for (int i = 0; i < 4; ++i) {  // each publisher's own order is kept
    std::vector<int> of_one;
    for (const std::string& text : seen) {
      if (text != "last" && std::stoi(text) / 1000 == i) of_one.push_back(std::stoi(text));
    }
    EXPECT_EQ(of_one.size(), 250U);
    EXPECT_TRUE(std::ranges::is_sorted(of_one));
  }
}

TEST(Memory, ASubscriberMayPublishAndMayEndItself) {
  const SystemClock clock;
  Memory memory(clock);
  std::vector<std::string> seen;
  std::unique_ptr<Ephemeral::Subscription> subscription;
  subscription = memory.subscribe("news", [&](std::string_view text) {
    seen.emplace_back(text);
    if (text == "first") publish(memory, "news", "second");
    if (text == "second") subscription.reset();
  });
  publish(memory, "news", "first");
  publish(memory, "news", "third");
  EXPECT_EQ(seen, (std::vector<std::string>{"first", "second"}));
}

TEST(Memory, EndingASubscriptionWaitsForTheCallUnderWay) {
  const SystemClock clock;
  Memory memory(clock);
  std::promise<void> entered, leave;
  std::atomic<bool> left{false};
  auto subscription = memory.subscribe("news", [&](std::string_view) {
    entered.set_value();
    leave.get_future().wait();
    left = true;
  });
  std::jthread publisher([&] { publish(memory, "news", "x"); });
  entered.get_future().wait();
  std::jthread releaser([&] { leave.set_value(); });
  subscription.reset();
  EXPECT_TRUE(left);
}

TEST(Memory, ASubscriptionMayOutliveTheStore) {
  const SystemClock clock;
  auto memory = std::make_unique<Memory>(clock);
  auto subscription = memory->subscribe("news", [](std::string_view) {});
  memory.reset();
  subscription.reset();
}

}  // namespace
}  // namespace kriya::storage::ephemeral
