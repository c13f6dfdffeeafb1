#include "http/client/stream.h"

#include <future>
#include <stop_token>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/client/arriving.h"
#include "http/client/curl.h"
#include "runtime/io_threads.h"
#include "tests/support/tcp_server.h"

namespace kriya::http::client {
namespace {

using namespace std::chrono_literals;
using tests::TcpServer;
using Connection = TcpServer::Connection;

constexpr std::string_view kHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
const Curl::Options kStreamOptions{.user_agent = "kriya-test"};

Opened open(Curl& client, const TcpServer& server, Deadline deadline = Deadline::after(30s)) {
  return run_to_completion(client.open({"POST", server.url(), {}, "{}"}, deadline));
}

Stream::Piece next(Stream& stream) { return run_to_completion(stream.next()); }

/// Reads until so many bytes are there, or the end.
std::string read(Stream& stream, std::size_t count = std::string::npos) {
  std::string bytes;
  while (bytes.size() < count) {
    const auto piece = next(stream).value();
    if (!piece) break;
    EXPECT_NE(*piece, "");
    bytes += *piece;
  }
  return bytes;
}

TEST(Stream, GivesEachPieceWhileTheAnswerGoesOn) {
  std::promise<void> first_read;
  TcpServer server([&](Connection& connection) {
    connection.read_request();
    connection.write(std::string(kHead) + "data: 1\n\n");
    first_read.get_future().wait();
    connection.write("data: 2\n\n");
  });
  Curl client(kStreamOptions);
  const auto stream = open(client, server);
  ASSERT_TRUE(stream.has_value()) << stream.error().detail;
  EXPECT_EQ((*stream)->head().status, 200);
  EXPECT_EQ((*stream)->head().header("content-type"), "text/event-stream");
  EXPECT_EQ(read(**stream, 9), "data: 1\n\n");
  first_read.set_value();
  EXPECT_EQ(read(**stream), "data: 2\n\n");
}

TEST(Stream, GivesTheBodyOfAnError) {
  TcpServer server([](Connection& connection) {
    connection.read_request();
    connection.write("HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno");
  });
  Curl client(kStreamOptions);
  const auto stream = open(client, server);
  EXPECT_EQ((*stream)->head().status, 401);
  EXPECT_EQ(read(**stream), "no");
}

TEST(Stream, MayBeEmpty) {
  TcpServer server([](Connection& connection) {
    connection.read_request();
    connection.answer("");
  });
  Curl client(kStreamOptions);
  const auto stream = open(client, server);
  EXPECT_EQ((*stream)->head().status, 200);
  EXPECT_EQ(next(**stream).value(), std::nullopt);
}

TEST(Stream, FailsToOpenLikeAnyCall) {
  Curl client(kStreamOptions);
  const std::string url = TcpServer([](Connection&) {}).url();  // nobody listens there any more
  const auto refused = run_to_completion(client.open({"POST", url}, Deadline::after(30s)));
  ASSERT_FALSE(refused.has_value());
  EXPECT_FALSE(refused.error().sent);

  TcpServer silent([](Connection& connection) { connection.wait_for_close(); });
  const auto late = open(client, silent, Deadline::after(100ms));
  ASSERT_FALSE(late.has_value());
  EXPECT_TRUE(late.error().sent);
  EXPECT_TRUE(late.error().timed_out);
}

TEST(Stream, GivesWhatCameBeforeItBroke) {
  TcpServer server([](Connection& connection) {
    connection.read_request();
    connection.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345");
  });
  Curl client(kStreamOptions);
  const auto stream = open(client, server);
  EXPECT_EQ(read(**stream, 5), "12345");
  const auto end = next(**stream);
  ASSERT_FALSE(end.has_value());
  EXPECT_TRUE(end.error().sent);
}

TEST(Stream, EndsWithTheDeadlineWhenTheServerFallsSilent) {
  TcpServer server([](Connection& connection) {
    connection.read_request();
    connection.write(std::string(kHead) + "data: 1\n\n");
    connection.wait_for_close();
  });
  Curl client(kStreamOptions);
  const auto stream = open(client, server, Deadline::after(300ms));
  ASSERT_TRUE(stream.has_value());
  EXPECT_EQ(read(**stream, 9), "data: 1\n\n");
  const auto end = next(**stream);
  ASSERT_FALSE(end.has_value());
  EXPECT_TRUE(end.error().timed_out);
}

TEST(Stream, ClosesTheConnectionWhenItIsDropped) {
  std::promise<void> closed;
  TcpServer server([&](Connection& connection) {
    connection.read_request();
    connection.write(std::string(kHead) + "data: 1\n\n");
    connection.wait_for_close();
    closed.set_value();
  });
  Curl client(kStreamOptions);
  open(client, server).value().reset();
  EXPECT_EQ(closed.get_future().wait_for(20s), std::future_status::ready);
}

TEST(Stream, ArrivesWholeThoughItIsLongerThanWhatIsKeptUnread) {
  const std::string block(10'000, 'x');
  constexpr int kBlocks = 500;
  TcpServer server([&](Connection& connection) {
    connection.read_request();
    connection.write(kHead);
    for (int i = 0; i < kBlocks; ++i) connection.write(std::to_string(i % 10) + block);
  });
  Curl client(kStreamOptions);
  const auto stream = open(client, server);
  const std::string bytes = read(**stream);
  ASSERT_EQ(bytes.size(), kBlocks * (block.size() + 1));
  for (std::size_t i = 0; i < kBlocks; ++i) ASSERT_EQ(bytes[i * (block.size() + 1)], '0' + static_cast<char>(i % 10));
}

TEST(Stream, IsNotOpenedWhenItIsStopped) {
  std::stop_source source;
  TcpServer server([&](Connection& connection) {
    connection.read_request();
    source.request_stop();
    connection.wait_for_close();
  });
  Curl client(kStreamOptions);
  const Deadline deadline = Deadline::after(1h).stopped_by(source.get_token());
  const auto under_way = open(client, server, deadline);
  ASSERT_FALSE(under_way.has_value());
  EXPECT_TRUE(under_way.error().sent);
  EXPECT_TRUE(under_way.error().stopped);

  const auto beforehand = open(client, server, deadline);
  ASSERT_FALSE(beforehand.has_value());
  EXPECT_FALSE(beforehand.error().sent);
  EXPECT_TRUE(beforehand.error().stopped);
}

TEST(Stream, AStopEndsAReadThatWaitsAndClosesTheConnection) {
  std::stop_source source;
  std::promise<void> closed;
  TcpServer server([&](Connection& connection) {
    connection.read_request();
    connection.write(std::string(kHead) + "data: 1\n\n");
    connection.wait_for_close();
    closed.set_value();
  });
  Curl client(kStreamOptions);
  const auto stream = open(client, server, Deadline::after(1h).stopped_by(source.get_token()));
  ASSERT_TRUE(stream.has_value());
  EXPECT_EQ(read(**stream, 9), "data: 1\n\n");
  auto waiting = std::async(std::launch::async, [&] { return next(**stream); });
  source.request_stop();
  const auto end = waiting.get();
  ASSERT_FALSE(end.has_value());
  EXPECT_TRUE(end.error().sent);
  EXPECT_TRUE(end.error().stopped);
  EXPECT_EQ(closed.get_future().wait_for(20s), std::future_status::ready);
}

TEST(Stream, GivesNothingMoreOnceItIsStopped) {
  TcpServer server([](Connection& connection) {
    connection.read_request();
    connection.answer("already here");
  });
  std::stop_source source;
  Curl client(kStreamOptions);
  const auto stream = open(client, server, Deadline::after(1h).stopped_by(source.get_token()));
  ASSERT_TRUE(stream.has_value());
  source.request_stop();
  const auto end = next(**stream);
  ASSERT_FALSE(end.has_value());
  EXPECT_TRUE(end.error().stopped);
}

TEST(Stream, MayBeStoppedAfterItIsDropped) {
  TcpServer server([](Connection& connection) {
    connection.read_request();
    connection.answer("all");
  });
  std::stop_source source;
  auto client = std::make_unique<Curl>(kStreamOptions);
  open(*client, server, Deadline::after(1h).stopped_by(source.get_token())).value().reset();
  client.reset();
  EXPECT_TRUE(source.request_stop());
}

TEST(Stream, FailsWhenTheClientEndsAndMayOutliveIt) {
  TcpServer server([](Connection& connection) {
    connection.read_request();
    connection.write(std::string(kHead) + "data: 1\n\n");
    connection.wait_for_close();
  });
  auto client = std::make_unique<Curl>(kStreamOptions);
  const auto stream = open(*client, server);
  EXPECT_EQ(read(**stream, 9), "data: 1\n\n");
  client.reset();
  const auto end = next(**stream);
  ASSERT_FALSE(end.has_value());
  EXPECT_EQ(end.error().detail, "the client is shutting down");
}

TEST(Arriving, PutsTheServerOffUntilSomebodyReads) {
  Arriving arriving;
  arriving.begin({.status = 200});
  const std::string block(Arriving::kMostUnreadBytes, 'x');
  EXPECT_EQ(arriving.take(block), Receiver::Taken::all);
  EXPECT_EQ(arriving.take("y"), Receiver::Taken::later);
  const auto first = arriving.take_bytes();
  EXPECT_EQ(first.piece.value(), block);
  EXPECT_TRUE(first.go_on);
  EXPECT_EQ(arriving.take("y"), Receiver::Taken::all);
  const auto second = arriving.take_bytes();
  EXPECT_EQ(second.piece.value(), "y");
  EXPECT_FALSE(second.go_on);
}

}  // namespace
}  // namespace kriya::http::client
