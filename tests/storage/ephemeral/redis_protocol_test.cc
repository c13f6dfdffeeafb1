#include "storage/ephemeral/redis_protocol.h"

#include <gtest/gtest.h>

namespace kriya::storage::ephemeral {
namespace {

using namespace std::string_view_literals;

TEST(RedisCommand, CountsWordsAndBytes) {
  EXPECT_EQ(redis_command({"PING"}), "*1\r\n$4\r\nPING\r\n");
  EXPECT_EQ(redis_command({"SET", "", "a\0\r\n"sv}), "*3\r\n$3\r\nSET\r\n$0\r\n\r\n$4\r\na\0\r\n\r\n"sv);
}

TEST(ReplyReader, ReadsEveryKind) {
  ReplyReader reader;
  reader.feed("+OK\r\n-NOSCRIPT No matching script.\r\n:-7\r\n$2\r\nhi\r\n$-1\r\n*2\r\n:1\r\n*2\r\n$1\r\na\r\n$-1\r\n");
  const auto next = [&] { return reader.next().value().value(); };
  EXPECT_EQ(next().kind, Reply::Kind::status);
  const Reply error = next();
  EXPECT_TRUE(error.is_error("NOSCRIPT"));
  EXPECT_FALSE(error.is_error("NO"));
  EXPECT_EQ(next().integer, -7);
  EXPECT_EQ(next().text, "hi");
  EXPECT_EQ(next().kind, Reply::Kind::nil);
  const Reply array = next();
  ASSERT_EQ(array.parts.size(), 2U);
  EXPECT_EQ(array.parts[0].integer, 1);
  ASSERT_EQ(array.parts[1].parts.size(), 2U);
  EXPECT_EQ(array.parts[1].parts[0].text, "a");
  EXPECT_EQ(array.parts[1].parts[1].kind, Reply::Kind::nil);
  EXPECT_FALSE(reader.next().value().has_value());
}

TEST(ReplyReader, WaitsForTheLastByte) {
  const std::string_view bytes = "*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$2\r\n\r\n\r\n";
  ReplyReader reader;
  for (std::size_t i = 0; i + 1 < bytes.size(); ++i) {
    reader.feed(bytes.substr(i, 1));
    EXPECT_FALSE(reader.next().value().has_value()) << i;
  }
  reader.feed(bytes.substr(bytes.size() - 1));
  EXPECT_EQ(reader.next().value().value().parts[2].text, "\r\n");
}

TEST(ReplyReader, CanBeDestroyedInTheMiddleOfAnAnswer) {
  ReplyReader reader;
  reader.feed("*3\r\n$7\r\nmessage\r\n*2\r\n:1\r\n");
  EXPECT_FALSE(reader.next().value().has_value());
}

TEST(ReplyReader, RefusesWhatIsNoAnswerAndWhatHasNoEnd) {
  for (const std::string& bytes :
       {std::string("HTTP/1.1 400 Bad Request\r\n"), std::string("*1025\r\n"), std::string("*2147483647\r\n"),
        std::string(":x\r\n"), "$2000000\r\n" + std::string(ReplyReader::kMostUnreadBytes + 1, 'x')}) {
    ReplyReader reader;
    reader.feed(bytes);
    EXPECT_FALSE(reader.next().has_value()) << bytes.substr(0, 20);
  }
}

}  // namespace
}  // namespace kriya::storage::ephemeral
