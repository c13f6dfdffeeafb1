#include "mcp/event_stream.h"

#include <gtest/gtest.h>

#include "runtime/io_threads.h"

namespace kriya::mcp {
namespace {

Task<std::vector<std::string>> read_all(std::shared_ptr<EventStream> stream, std::uint64_t after, bool& kept) {
  std::vector<std::string> texts;
  const auto reader = stream->attach(co_await asio::this_coro::executor, after);
  kept = reader != nullptr;
  while (reader) {
    const auto event = co_await reader->take(std::chrono::milliseconds(0));
    if (!event) break;
    texts.push_back(event->id.str() + " " + event->data);
  }
  co_return texts;
}

class EventStreamTest : public ::testing::Test {
 protected:
  std::vector<std::string> read_after(std::uint64_t number) {
    return run_to_completion(read_all(stream_, number, kept_));
  }

  std::shared_ptr<KeptBytes> budget_ = std::make_shared<KeptBytes>(1000);
  std::shared_ptr<EventStream> stream_ = std::make_shared<EventStream>(3, budget_);
  bool kept_ = false;
};

TEST_F(EventStreamTest, GivesWhatCameAfterAnEvent) {
  stream_->put("a");
  stream_->put("b");
  stream_->put("c", true);
  EXPECT_EQ(read_after(0), (std::vector<std::string>{"3-1 a", "3-2 b", "3-3 c"}));
  EXPECT_EQ(read_after(2), (std::vector<std::string>{"3-3 c"}));
  EXPECT_EQ(read_after(3), std::vector<std::string>{});
  EXPECT_TRUE(kept_);
}

TEST_F(EventStreamTest, NothingFollowsTheLastEvent) {
  stream_->put("a", true);
  stream_->put("b");
  EXPECT_EQ(read_after(0), (std::vector<std::string>{"3-1 a"}));
}

TEST_F(EventStreamTest, SaysWhenSomethingIsNotKeptAnyMore) {
  stream_->put("a");
  stream_->put(std::string(2000, 'x'));  // over the budget of all streams
  stream_->put("c");
  read_after(0);
  EXPECT_FALSE(kept_);
  read_after(1);
  EXPECT_FALSE(kept_);
  EXPECT_EQ(read_after(2), (std::vector<std::string>{"3-3 c"}));
  read_after(4);
  EXPECT_FALSE(kept_) << "an event that never was";
}

TEST_F(EventStreamTest, GivesItsBytesBackToTheOthers) {
  stream_->put(std::string(900, 'x'));
  EXPECT_FALSE(budget_->take(200));
  stream_.reset();
  EXPECT_TRUE(budget_->take(1000));
}

TEST(EventId, IsReadAsItIsWritten) {
  const auto id = EventId::parse(EventId{7, 12}.str());
  ASSERT_TRUE(id);
  EXPECT_EQ(id->stream, 7u);
  EXPECT_EQ(id->number, 12u);
  for (const char* text : {"", "-", "1-", "-1", "1-2-3", "a-1", "1--2", "99999999999999999999-1"}) {
    EXPECT_FALSE(EventId::parse(text)) << text;
  }
}

}  // namespace
}  // namespace kriya::mcp
