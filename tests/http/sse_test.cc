#include "http/sse.h"

#include <gtest/gtest.h>

namespace kriya::http {
namespace {

std::vector<std::string> data_of(std::string_view bytes, std::size_t cut) {
  SseParser parser;
  std::vector<std::string> all;
  for (std::size_t at = 0; at < bytes.size(); at += cut) {
    const auto events = parser.feed(bytes.substr(at, cut)).value();
    for (const SseEvent& event : events) all.push_back(event.event + "|" + event.data);
  }
  return all;
}

TEST(Sse, ReadsEventsHoweverTheBytesAreCut) {
  constexpr std::string_view kBytes =
      "\xEF\xBB\xBF"
      ": hello\n\ndata: one\n\nevent: x\r\ndata:two\r\ndata: three\r\n\r\ndata\rdata: \r\rid: 7\n\ndata: four\n\n";
  const std::vector<std::string> expected = {"|one", "x|two\nthree", "|\n", "|four"};
  for (std::size_t cut = 1; cut <= kBytes.size(); ++cut) EXPECT_EQ(data_of(kBytes, cut), expected) << cut;
}

TEST(Sse, KeepsTheLastIdAndRetry) {
  SseParser parser;
  ASSERT_TRUE(parser.feed("id: a\nretry: 500\n\nid: b\nretry: soon\ndata: x\n\n"));
  EXPECT_EQ(parser.last_id(), "b");
  EXPECT_EQ(parser.retry(), std::chrono::milliseconds(500));
}

TEST(Sse, RefusesAnEventWithoutEnd) {
  SseParser parser(100);
  EXPECT_TRUE(parser.feed("data: " + std::string(80, 'x') + "\n"));
  EXPECT_FALSE(parser.feed("data: " + std::string(80, 'x') + "\n"));
}

TEST(Sse, ReadsWhatItWrites) {
  for (const std::string data : {"one", "", "one\ntwo", "one\n\ntwo\n", "\n"}) {
    SseParser parser;
    const auto events = parser.feed(sse_text("note", data, "3")).value();
    ASSERT_EQ(events.size(), 1U) << data;
    EXPECT_EQ(events[0].event, "note");
    EXPECT_EQ(events[0].data, data);
    EXPECT_EQ(events[0].id, "3");
  }
}

}  // namespace
}  // namespace kriya::http
