#include "http/server/session.h"

#include <future>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/server/listener.h"
#include "runtime/io_threads.h"
#include "runtime/mailbox.h"
#include "tests/support/tcp_client.h"

namespace kriya::http::server {
namespace {

using namespace std::chrono_literals;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using tests::TcpClient;

constexpr auto kPatience = 20s;
constexpr std::string_view kLastChunk = "0\r\n\r\n";

/// What a test says to the handler while it answers, and what it hears from it.
struct Talk {
  explicit Talk(Executor executor) : say(std::make_shared<Mailbox<std::string>>(executor)) {}

  std::shared_ptr<Mailbox<std::string>> say;
  std::promise<void> begun;  // the handler, or the stream, runs
  std::promise<void> gone;   // the stop was requested
  std::promise<bool> ended;  // what the last write gave
};

/// Writes what is said, a chunk each, until the end; that the client is gone is told at once.
Task<void> repeat(BodyWriter& body, std::stop_token stop, Talk& talk) {
  const std::stop_callback tell(stop, [&talk] {
    talk.gone.set_value();
    talk.say->close();
  });
  talk.begun.set_value();
  bool written = true;
  while (const auto said = co_await talk.say->take(kPatience)) written = co_await body.write(*said);
  talk.ended.set_value(written && !stop.stop_requested());
}

/// Answers with what is said, watching the client or not.
Task<Response> think(Connection& connection, bool watch, Talk& talk) {
  const std::stop_callback tell(watch ? connection.gone() : std::stop_token(), [&talk] { talk.gone.set_value(); });
  talk.begun.set_value();
  auto said = co_await talk.say->take(kPatience);
  co_return Response{.body = said.value_or("nothing")};
}

Task<void> count(BodyWriter& body, std::size_t writes, std::string bytes) {
  for (std::size_t i = 0; i < writes; ++i) co_await body.write(bytes);
}

Task<void> fail_after(BodyWriter& body, std::string bytes) {
  co_await body.write(std::move(bytes));
  throw std::runtime_error("a bug");
}

Task<void> write_until_refused(BodyWriter& body, std::stop_token stop, Talk& talk) {
  const std::stop_callback tell(stop, [&talk] { talk.gone.set_value(); });
  talk.begun.set_value();
  while (co_await body.write(std::string(1 << 20, 'x'))) continue;
  talk.ended.set_value(co_await body.write("more"));
}

Response streamed(std::function<Task<void>(BodyWriter&)> stream) {
  return {.content_type = "text/plain", .stream = std::move(stream)};
}

class SessionTest : public ::testing::Test, public Handler {
 protected:
  SessionTest() { threads_.start(); }

  ~SessionTest() override {
    on_thread([this] {
      listener_->drain();
      listener_->abort_all();
    });
    while (limits_.open() > 0) std::this_thread::yield();
    threads_.stop();
  }

  /// The server begins with the first client.
  TcpClient connect(int receive_buffer = 0) {
    if (!listener_) listen();
    return TcpClient(port_, receive_buffer);
  }

  template <class Work>
  void on_thread(Work work) {
    std::promise<void> done;
    asio::post(threads_.context(0), [&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }

  static std::string get(std::string_view path, std::string_view version = "1.1") {
    return "GET " + std::string(path) + " HTTP/" + std::string(version) + "\r\nHost: a\r\n\r\n";
  }

  static bool happens(std::promise<void>& event) {
    return event.get_future().wait_for(kPatience) == std::future_status::ready;
  }

  SessionTimes times_;
  IoThreads threads_{1};
  Talk talk_{threads_.context(0).get_executor()};
  std::unique_ptr<Listener> listener_;

 private:
  void listen() {
    on_thread([this] {
      const asio::ip::tcp::endpoint any(asio::ip::address_v4::loopback(), 0);
      Acceptor acceptor(threads_.context(0).get_executor(), any);
      port_ = acceptor.local_endpoint().port();
      listener_ =
          std::make_unique<Listener>(std::move(acceptor), *this, limits_, budget_, times_, false, log_, metrics_);
      listener_->start();
    });
  }

  Task<Response> handle(const Request& request, const std::string&, Connection& connection) override {
    const std::string path(request.path());
    if (path == "/repeat") {
      co_return streamed([this, &connection](BodyWriter& body) { return repeat(body, connection.gone(), talk_); });
    }
    if (path == "/count") co_return streamed([](BodyWriter& body) { return count(body, 10'000, "0123456789"); });
    if (path == "/large") {
      co_return streamed([](BodyWriter& body) { return count(body, 1, std::string(10 << 20, 'x')); });
    }
    if (path == "/empty") co_return streamed([](BodyWriter& body) { return count(body, 3, ""); });
    if (path == "/broken") co_return streamed([](BodyWriter& body) { return fail_after(body, "so far"); });
    if (path == "/flood") {
      co_return streamed(
          [this, &connection](BodyWriter& body) { return write_until_refused(body, connection.gone(), talk_); });
    }
    if (path == "/think") co_return co_await think(connection, false, talk_);
    if (path == "/watch") co_return co_await think(connection, true, talk_);
    if (path == "/glance") (void)connection.gone();
    co_return Response{.body = path};
  }

  Response refuse(const Error& error, const Request&, const std::string&) override {
    return {.status = 400, .body = error.detail, .close = true};
  }

  ConnectionLimits limits_{100, 100, {}};
  BodyBudget budget_{1 << 20};
  telemetry::Log log_{{.level = telemetry::Level::error, .json = false, .file = "/dev/null"}};
  telemetry::Metrics metrics_;
  std::uint16_t port_ = 0;
};

TEST_F(SessionTest, AStreamedBodyLeavesPieceByPieceBehindItsHead) {
  TcpClient client = connect();
  client.send(get("/repeat"));
  const std::string head = client.read_until("\r\n\r\n");
  EXPECT_THAT(head, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(head, HasSubstr("Transfer-Encoding: chunked\r\n"));
  EXPECT_THAT(head, Not(HasSubstr("Content-Length")));
  EXPECT_THAT(head, Not(HasSubstr("Connection: close")));
  talk_.say->put("hello");
  EXPECT_EQ(client.read_until("hello\r\n"), "5\r\nhello\r\n");
  talk_.say->put("a longer piece of text");
  EXPECT_EQ(client.read_until("text\r\n"), "16\r\na longer piece of text\r\n");
  talk_.say->close();
  EXPECT_EQ(client.read_until(kLastChunk), kLastChunk);
  EXPECT_TRUE(talk_.ended.get_future().get());
}

TEST_F(SessionTest, TheConnectionGoesOnAfterAStream) {
  TcpClient client = connect();
  for (int i = 0; i < 3; ++i) {
    client.send(get("/empty"));
    EXPECT_THAT(client.read_until(kLastChunk), EndsWith("\r\n\r\n0\r\n\r\n")) << "an empty write must not end the body";
    client.send(get("/next"));
    EXPECT_THAT(client.read_until("/next"), HasSubstr("Content-Length: 5\r\n"));
  }
}

TEST_F(SessionTest, RequestsBehindAStreamAreAnsweredAfterIt) {
  TcpClient client = connect();
  client.send(get("/first") + get("/repeat") + get("/second"));
  EXPECT_THAT(client.read_until("\r\n\r\n/first"), HasSubstr("200 OK")) << "it leaves with the head of the stream";
  client.read_until("\r\n\r\n");
  client.send(get("/third"));
  talk_.say->put("hello");
  client.read_until("hello\r\n");
  talk_.say->close();
  EXPECT_THAT(client.read_until("/second"), StartsWith("0\r\n\r\nHTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(client.read_until("/third"), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(SessionTest, MoreRequestsThanAreReadAheadAreAllAnswered) {
  TcpClient client = connect();
  client.send(get("/watch"));
  talk_.begun.get_future().wait();
  constexpr int kRequests = 4'000;
  std::thread sender([&] {
    std::string all;
    for (int i = 0; i < kRequests; ++i) all += get("/number/" + std::to_string(i));
    client.send(all + get("/last"));
  });
  talk_.say->put("done");
  client.read_until("done");
  const std::string answers = client.read_until("\r\n\r\n/last");
  sender.join();
  std::size_t at = 0;
  for (int i = 0; i < kRequests; ++i) {
    at = answers.find("\r\n\r\n/number/" + std::to_string(i) + "HTTP/1.1", at);
    ASSERT_NE(at, std::string::npos) << i;
  }
}

TEST_F(SessionTest, AWatchedConnectionServesManyRequests) {
  TcpClient client = connect();
  for (int i = 0; i < 1'000; ++i) {
    client.send(get("/glance"));
    ASSERT_THAT(client.read_until("\r\n\r\n/glance"), StartsWith("HTTP/1.1 200 OK\r\n"));
  }
  std::string all;
  for (int i = 0; i < 500; ++i) all += get("/glance");
  client.send(all + get("/last"));
  client.read_until("\r\n\r\n/last");
}

TEST_F(SessionTest, AWatchedConnectionReadsAheadNoFurtherThanItsBuffer) {
  TcpClient client = connect();
  std::string all;
  for (int i = 0; i < 200; ++i) all += get("/glance?" + std::string(800, 'x'));
  client.send(all + get("/last"));
  client.read_until("\r\n\r\n/last");
}

TEST_F(SessionTest, ManySmallPiecesArriveInOrder) {
  TcpClient client = connect();
  client.send(get("/count"));
  client.read_until("\r\n\r\n");
  std::string expected;
  for (int i = 0; i < 10'000; ++i) expected += "a\r\n0123456789\r\n";
  EXPECT_EQ(client.read_until(kLastChunk), expected + std::string(kLastChunk));
}

TEST_F(SessionTest, ALargePieceArrivesWholeAlsoAtASlowReader) {
  TcpClient client = connect(/*receive_buffer=*/4096);
  client.send(get("/large"));
  client.read_until("\r\n\r\n");
  const std::string body = client.read_until("\r\n0\r\n\r\n", /*at_once=*/1'500);
  EXPECT_THAT(body.substr(0, 20), StartsWith("a00000\r\nxxx"));
  EXPECT_EQ(body.size(), (10 << 20) + 8 + 7);
}

TEST_F(SessionTest, AReaderThatStopsIsGivenUp) {
  times_.write = 300ms;
  TcpClient client = connect(/*receive_buffer=*/4096);
  client.send(get("/flood"));
  EXPECT_TRUE(happens(talk_.gone));
  EXPECT_FALSE(talk_.ended.get_future().get());
  client.read_to_end();  // it has come to one
}

TEST_F(SessionTest, AWriteEndsAtOnceWhenTheClientGoesAway) {
  TcpClient client = connect(/*receive_buffer=*/4096);
  client.send(get("/flood"));
  talk_.begun.get_future().wait();
  client.close_sending();
  EXPECT_TRUE(happens(talk_.gone));
  EXPECT_FALSE(talk_.ended.get_future().get());
}

TEST_F(SessionTest, AStreamHearsThatItsClientWentAway) {
  for (const bool reset : {false, true}) {
    talk_ = Talk(threads_.context(0).get_executor());
    TcpClient client = connect();
    client.send(get("/repeat"));
    client.read_until("\r\n\r\n");
    talk_.say->put("hello");
    client.read_until("hello\r\n");
    client.close(reset);
    EXPECT_TRUE(happens(talk_.gone)) << reset;
    EXPECT_FALSE(talk_.ended.get_future().get());
  }
}

TEST_F(SessionTest, AHandlerThatWatchesHearsThatItsClientWentAway) {
  TcpClient client = connect();
  client.send(get("/watch") + get("/behind"));
  talk_.begun.get_future().wait();
  client.close();
  EXPECT_TRUE(happens(talk_.gone));
  talk_.say->close();
}

TEST_F(SessionTest, AClientThatClosesItsSideIsAnsweredAllTheSame) {
  for (const char* path : {"/think", "/watch"}) {
    talk_ = Talk(threads_.context(0).get_executor());
    TcpClient client = connect();
    client.send(get(path));
    talk_.begun.get_future().wait();
    client.close_sending();
    if (path == std::string_view("/watch")) {
      EXPECT_TRUE(happens(talk_.gone));
    }
    talk_.say->put("an answer");
    EXPECT_THAT(client.read_to_end(), EndsWith("an answer")) << path;
  }
}

TEST_F(SessionTest, AnOldClientReadsAStreamUntilTheConnectionEnds) {
  TcpClient client = connect();
  client.send("GET /repeat HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const std::string head = client.read_until("\r\n\r\n");
  EXPECT_THAT(head, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(head, Not(HasSubstr("Transfer-Encoding")));
  talk_.say->put("hello ");
  talk_.say->put("there");
  talk_.say->close();
  EXPECT_EQ(client.read_to_end(), "hello there");
}

TEST_F(SessionTest, HeadGetsTheHeadOfAStreamAlone) {
  TcpClient client = connect();
  client.send("HEAD /repeat HTTP/1.1\r\nHost: a\r\n\r\n" + get("/next"));
  EXPECT_THAT(client.read_until("\r\n\r\n"), HasSubstr("Transfer-Encoding: chunked\r\n"));
  EXPECT_THAT(client.read_until("/next"), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(SessionTest, ADrainLetsAStreamComeToItsEnd) {
  TcpClient client = connect();
  client.send(get("/repeat"));
  client.read_until("\r\n\r\n");
  on_thread([this] { listener_->drain(); });
  talk_.say->put("hello");
  client.read_until("hello\r\n");
  talk_.say->close();
  EXPECT_EQ(client.read_to_end(), kLastChunk);
  EXPECT_TRUE(talk_.ended.get_future().get());
}

TEST_F(SessionTest, AnAbortCutsAStreamAndTellsIt) {
  TcpClient client = connect();
  client.send(get("/repeat"));
  talk_.begun.get_future().wait();
  on_thread([this] { listener_->abort_all(); });
  EXPECT_TRUE(happens(talk_.gone));
  EXPECT_FALSE(talk_.ended.get_future().get());
  EXPECT_THAT(client.read_to_end(), Not(HasSubstr(kLastChunk)));
}

TEST_F(SessionTest, AnAbortTellsAHandlerThatWatches) {
  TcpClient client = connect();
  client.send(get("/watch"));
  talk_.begun.get_future().wait();
  on_thread([this] { listener_->abort_all(); });
  EXPECT_TRUE(happens(talk_.gone));
  talk_.say->close();
}

TEST_F(SessionTest, AStreamThatThrowsEndsWithoutItsLastChunk) {
  TcpClient client = connect();
  client.send(get("/broken"));
  EXPECT_THAT(client.read_to_end(), EndsWith("6\r\nso far\r\n"));
}

}  // namespace
}  // namespace kriya::http::server
