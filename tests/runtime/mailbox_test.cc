#include "runtime/mailbox.h"

#include <future>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include "runtime/io_threads.h"

namespace kriya {
namespace {

using namespace std::chrono_literals;
using Texts = std::vector<std::string>;
using TextBox = Mailbox<std::string>;

Task<Texts> take_all(std::shared_ptr<TextBox> box) {
  Texts all;
  while (auto text = co_await box->take(20s)) all.push_back(*std::move(text));
  co_return all;
}

class MailboxTest : public ::testing::Test {
 protected:
  MailboxTest() { threads_.start(); }

  std::optional<std::string> take(std::chrono::milliseconds span) {
    return asio::co_spawn(threads_.context(0), box_->take(span), asio::use_future).get();
  }
  std::future<Texts> all() { return asio::co_spawn(threads_.context(0), take_all(box_), asio::use_future); }

  IoThreads threads_{1};
  std::shared_ptr<TextBox> box_ = std::make_shared<TextBox>(threads_.context(0).get_executor());
};

TEST_F(MailboxTest, GivesWhatWasPutInOrder) {
  for (const char* text : {"one", "two", "three"}) box_->put(text);
  EXPECT_EQ(take(0ms), "one");
  EXPECT_EQ(take(20s), "two");
  EXPECT_EQ(take(20s), "three");
}

TEST_F(MailboxTest, WaitsNoLongerThanItsSpan) {
  EXPECT_EQ(take(0ms), std::nullopt);
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(take(50ms), std::nullopt);
  EXPECT_GE(std::chrono::steady_clock::now() - start, 50ms);
  EXPECT_FALSE(box_->is_done());
  box_->put("late");
  EXPECT_EQ(take(0ms), "late");
}

TEST_F(MailboxTest, WakesWhoWaits) {
  auto waiting = all();
  box_->put("one");
  box_->put("two");
  box_->close();
  EXPECT_EQ(waiting.get(), (Texts{"one", "two"}));
}

TEST_F(MailboxTest, GivesWhatCameBeforeItWasClosedAndNothingAfter) {
  box_->put("before");
  box_->close();
  box_->put("after");
  EXPECT_FALSE(box_->is_done());
  EXPECT_EQ(take(20s), "before");
  EXPECT_TRUE(box_->is_done());
  EXPECT_EQ(take(20s), std::nullopt);
}

TEST_F(MailboxTest, ClosingWakesWhoWaits) {
  auto waiting = all();
  box_->close();
  EXPECT_EQ(waiting.get(), Texts{});
}

TEST_F(MailboxTest, LosesNothingThatManyThreadsPut) {
  constexpr int kThreads = 4;
  constexpr int kEach = 2'000;
  auto waiting = all();
  std::vector<std::thread> speakers;
  for (int speaker = 0; speaker < kThreads; ++speaker) {
    speakers.emplace_back([this, speaker] {
      for (int i = 0; i < kEach; ++i) box_->put(std::to_string(speaker) + ":" + std::to_string(i));
    });
  }
  for (auto& speaker : speakers) speaker.join();
  box_->close();
  const Texts heard = waiting.get();
  ASSERT_EQ(heard.size(), std::size_t{kThreads * kEach});
  std::vector<int> next(kThreads);
  for (const auto& text : heard) {
    const auto speaker = static_cast<std::size_t>(text[0] - '0');
    ASSERT_EQ(text.substr(2), std::to_string(next[speaker]++)) << "each speaker's own order is kept";
  }
}

TEST_F(MailboxTest, ManyTakesInTurnEachHearTheirPut) {
  for (int i = 0; i < 2'000; ++i) {
    auto heard = asio::co_spawn(threads_.context(0), box_->take(20s), asio::use_future);
    box_->put(std::to_string(i));
    ASSERT_EQ(heard.get(), std::to_string(i));
  }
}

TEST_F(MailboxTest, OutlivesTheThreadsThatListened) {
  auto box = box_;
  (void)take(0ms);
  box_.reset();
  box->put("nobody listens");
  box->close();
  EXPECT_FALSE(box->is_done());
}

}  // namespace
}  // namespace kriya
