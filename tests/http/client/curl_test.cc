#include "http/client/curl.h"

#include <atomic>
#include <fstream>
#include <future>
#include <mutex>
#include <stop_token>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/io_threads.h"
#include "tests/support/tcp_server.h"
#include "tests/support/temporary_folder.h"

namespace kriya::http::client {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using tests::TcpServer;
using Connection = TcpServer::Connection;

const Curl::Options kOptions{.user_agent = "kriya-test"};

Answer send(Client& client, Request request, Deadline deadline = Deadline::after(30s)) {
  return run_to_completion(client.send(std::move(request), deadline));
}

/// What the server read, in order, over all connections.
class Received {
 public:
  std::string add(std::string request) {
    const std::scoped_lock lock(mutex_);
    if (!request.empty()) requests_.push_back(request);
    return request;
  }
  std::vector<std::string> all() const {
    const std::scoped_lock lock(mutex_);
    return requests_;
  }
  std::size_t count() const { return all().size(); }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
};

TcpServer::Serve answer_all(Received& received) {
  return [&received](Connection& connection) {
    while (!received.add(connection.read_request()).empty())
      connection.answer("from " + std::to_string(connection.number));
  };
}

/// A port on which nobody listens.
std::string refusing_url() {
  return TcpServer([](Connection&) {}).url();
}

TEST(Curl, SendsARequestByteForByteAndAddsOnlyWhatHttpNeeds) {
  Received received;
  TcpServer server(answer_all(received));
  Curl client(kOptions);
  const std::string body = "a=1&b=\0\r\n\xFF"s;  // 10 bytes
  const auto answer = send(client, {.method = "POST",
                                    .url = server.url("/v1/messages?x=1%202"),
                                    .headers = {{"X-Mixed-Case", "ü; b"}, {"X-Empty", ""}},
                                    .body = body});
  ASSERT_TRUE(answer.has_value()) << answer.error().detail;
  ASSERT_EQ(received.count(), 1U);
  EXPECT_EQ(received.all()[0],
            "POST /v1/messages?x=1%202 HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(server.port()) +
                "\r\nUser-Agent: kriya-test\r\nAccept: */*\r\nX-Mixed-Case: ü; b\r\nX-Empty:\r\n"
                "Content-Length: 10\r\n\r\n" +
                body);
}

TEST(Curl, KeepsTheCallersContentType) {
  Received received;
  TcpServer server(answer_all(received));
  Curl client(kOptions);
  const Headers headers = {{"content-type", "application/json"}};
  for (const std::string method : {"POST", "PUT", "PATCH", "DELETE"}) {
    ASSERT_TRUE(send(client, {method, server.url(), headers, "{}"}).has_value());
    EXPECT_THAT(received.all().back(), StartsWith(method + " / HTTP/1.1\r\n"));
    EXPECT_THAT(received.all().back(), HasSubstr("content-type: application/json\r\n"));
    EXPECT_THAT(received.all().back(), HasSubstr("Content-Length: 2\r\n"));
  }
}

TEST(Curl, SendsALargeBodyWithoutAskingFirst) {
  Received received;
  TcpServer server(answer_all(received));
  Curl client(kOptions);
  const std::string body(3'000'000, 'x');
  ASSERT_TRUE(send(client, {"POST", server.url(), {}, body}).has_value());
  EXPECT_THAT(received.all()[0], Not(HasSubstr("Expect")));
  EXPECT_TRUE(received.all()[0].ends_with("\r\n\r\n" + body));
}

TEST(Curl, SaysThatAPostWithoutABodyIsEmpty) {
  Received received;
  TcpServer server(answer_all(received));
  Curl client(kOptions);
  ASSERT_TRUE(send(client, {"POST", server.url()}).has_value());
  EXPECT_THAT(received.all()[0], HasSubstr("Content-Length: 0\r\n"));
  ASSERT_TRUE(send(client, {"DELETE", server.url()}).has_value());
  EXPECT_THAT(received.all()[1], StartsWith("DELETE / "));
  EXPECT_THAT(received.all()[1], Not(HasSubstr("Content-Length")));
}

TEST(Curl, GivesTheWholeAnswerWhateverItsStatus) {
  TcpServer server([](Connection& connection) {
    connection.read_request();
    connection.write(
        "HTTP/1.1 100 Continue\r\nX-Early: 1\r\n\r\n"
        "HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nX-Two: a\r\nX-Two: b\r\nTransfer-Encoding: chunked\r\n\r\n"
        "3\r\na\0b\r\n2\r\n\r\n\r\n0\r\n\r\n"s);
  });
  Curl client(kOptions);
  const auto answer = send(client, {"POST", server.url()});
  ASSERT_TRUE(answer.has_value()) << answer.error().detail;
  EXPECT_EQ(answer->status, 503);
  EXPECT_EQ(answer->body, "a\0b\r\n"s);
  EXPECT_EQ(answer->header("retry-AFTER"), "7");
  EXPECT_EQ(answer->header("X-Two"), "a");
  EXPECT_EQ(answer->header("X-Early"), std::nullopt);
  EXPECT_EQ(answer->headers.size(), 4U);
  EXPECT_GT(answer->elapsed.count(), 0);
}

TEST(Curl, FollowsNoRedirect) {
  Received received;
  TcpServer server([&](Connection& connection) {
    received.add(connection.read_request());
    connection.write("HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n");
  });
  Curl client(kOptions);
  const auto answer = send(client, {"GET", server.url()});
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->status, 302);
  EXPECT_EQ(received.count(), 1U);
}

TEST(Curl, AnswersHeadWithoutABody) {
  TcpServer server([](Connection& connection) {
    connection.read_request();
    connection.write("HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n");
  });
  Curl client(kOptions);
  const auto answer = send(client, {"HEAD", server.url()});
  ASSERT_TRUE(answer.has_value()) << answer.error().detail;
  EXPECT_EQ(answer->header("Content-Length"), "5000000");
  EXPECT_EQ(answer->body, "");
}

TEST(Curl, RefusesWhatCannotBeSentSafely) {
  Received received;
  TcpServer server(answer_all(received));
  Curl client(kOptions);
  const std::string url = server.url();
  for (const Request& request : std::vector<Request>{
           {"GET", url, {{"X-A", "1\r\nX-B: 2"}}},
           {"GET", url, {{"X-A: 1\r\nX-B", "2"}}},
           {"GET", url, {{"", "2"}}},
           {"GET / HTTP/1.1\r\nX-A:", url},
           {"", url},
           {"GET", url + "\r\nX-A: 1"},
           {"GET", url + " x"},
           {"POST", url, {{"content-length", "1"}}, "body"},
           {"POST", url, {{"Transfer-Encoding", "chunked"}}, "body"},
           {"GET", "file:///etc/passwd"},
           {"GET", "ftp://127.0.0.1/"},
           {"GET", "http://user:pw@127.0.0.1:" + std::to_string(server.port())},
           {"GET", ""},
       }) {
    const auto answer = send(client, request);
    ASSERT_FALSE(answer.has_value()) << request.url;
    EXPECT_FALSE(answer.error().sent);
    EXPECT_FALSE(answer.error().timed_out);
    EXPECT_NE(answer.error().detail, "");
  }
  EXPECT_EQ(received.count(), 0U);
}

TEST(Curl, ARefusedConnectionSentNothing) {
  Curl client(kOptions);
  const auto answer = send(client, {"POST", refusing_url() + "?secret=1", {}, "body"});
  ASSERT_FALSE(answer.has_value());
  EXPECT_FALSE(answer.error().sent);
  EXPECT_FALSE(answer.error().timed_out);
  EXPECT_THAT(answer.error().detail, HasSubstr("connect"));
  EXPECT_THAT(answer.error().detail, Not(HasSubstr("secret")));
}

TEST(Curl, AnUnknownHostSentNothing) {
  Curl client(kOptions);
  const auto answer = send(client, {"POST", "http://nowhere.invalid/", {}, "body"});
  ASSERT_FALSE(answer.has_value());
  EXPECT_FALSE(answer.error().sent);
}

TEST(Curl, AConnectionThatIsNotReadyInTimeSentNothing) {
  TcpServer server([](Connection& connection) { connection.wait_for_close(); });  // it never shakes hands
  Curl::Options options = kOptions;
  options.connect_within = 100ms;
  Curl client(options);
  const std::string url = "https://127.0.0.1:" + std::to_string(server.port());
  const auto answer = send(client, {"POST", url, {}, "body"});
  ASSERT_FALSE(answer.has_value());
  EXPECT_FALSE(answer.error().sent);
  EXPECT_TRUE(answer.error().timed_out);
  EXPECT_THAT(answer.error().detail, HasSubstr("timeout"));
}

TEST(Curl, ADeadlineThatHasPassedSendsNothing) {
  Received received;
  TcpServer server(answer_all(received));
  Curl client(kOptions);
  const auto answer = send(client, {"POST", server.url()}, Deadline::after(0s));
  ASSERT_FALSE(answer.has_value());
  EXPECT_FALSE(answer.error().sent);
  EXPECT_TRUE(answer.error().timed_out);
  EXPECT_EQ(received.count(), 0U);
}

TEST(Curl, ASilentServerMayHaveGotTheRequest) {
  TcpServer server([](Connection& connection) { connection.wait_for_close(); });
  Curl client(kOptions);
  const auto answer = send(client, {"POST", server.url(), {}, "body"}, Deadline::after(200ms));
  ASSERT_FALSE(answer.has_value());
  EXPECT_TRUE(answer.error().sent);
  EXPECT_TRUE(answer.error().timed_out);
}

TEST(Curl, AConnectionClosedWithoutAnAnswerMayHaveTakenTheRequest) {
  Received received;
  TcpServer server([&](Connection& connection) { received.add(connection.read_request()); });
  Curl client(kOptions);
  const auto answer = send(client, {"POST", server.url(), {}, "body"});
  ASSERT_FALSE(answer.has_value());
  EXPECT_TRUE(answer.error().sent);
  EXPECT_FALSE(answer.error().timed_out);
  EXPECT_EQ(received.count(), 1U);
}

TEST(Curl, AnAnswerCutShortIsNone) {
  TcpServer server([](Connection& connection) {
    connection.read_request();
    connection.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345");
  });
  Curl client(kOptions);
  const auto answer = send(client, {"POST", server.url(), {}, "body"});
  ASSERT_FALSE(answer.has_value());
  EXPECT_TRUE(answer.error().sent);
}

TEST(Curl, AnAnswerWithoutAnEndIsCutOff) {
  TcpServer server([](Connection& connection) {
    connection.read_request();
    connection.write("HTTP/1.1 200 OK\r\n\r\n");
    while (connection.write(std::string(10'000, 'x'))) continue;
  });
  Curl client(kOptions);
  const auto answer = send(client, {"GET", server.url()});
  ASSERT_FALSE(answer.has_value());
  EXPECT_TRUE(answer.error().sent);
  EXPECT_EQ(answer.error().detail, "the answer is longer than 1048576 bytes");
}

TEST(Curl, AnAnswerOfExactlyTheLimitArrives) {
  TcpServer server([](Connection& connection) {
    connection.read_request();
    connection.answer(std::string(1'000, 'x'));
  });
  Curl::Options options = kOptions;
  options.most_answer_bytes = 1'000;
  EXPECT_TRUE(send(*std::make_unique<Curl>(options), {"GET", server.url()}).has_value());
  options.most_answer_bytes = 999;
  EXPECT_FALSE(send(*std::make_unique<Curl>(options), {"GET", server.url()}).has_value());
}

TEST(Curl, TellsNothingOfTheRequestInAFailure) {
  TcpServer server(
      [](Connection& connection) { connection.write("HTTP/1.1 " + connection.read_request().substr(0, 300)); });
  Curl client(kOptions);
  const auto answer = send(client, {"POST", server.url("/p?token=secret"), {{"Authorization", "secret"}}, "secret"});
  ASSERT_FALSE(answer.has_value());
  EXPECT_THAT(answer.error().detail, Not(HasSubstr("secret")));
}

TEST(Curl, ReusesAConnectionOnlyWhereThatIsHarmlessOrAskedFor) {
  Received received;
  TcpServer server(answer_all(received));
  Curl client(kOptions);
  const auto from = [&](const std::string& method, bool reuse = false) {
    return send(client, {.method = method, .url = server.url(), .reuse_connection = reuse}).value().body;
  };
  EXPECT_EQ(from("GET"), "from 0");
  EXPECT_EQ(from("GET"), "from 0");
  EXPECT_EQ(from("POST"), "from 1");
  EXPECT_EQ(from("DELETE"), "from 2");
  EXPECT_EQ(from("POST", true), "from 0");
  EXPECT_EQ(from("GET"), "from 0");
}

/// Answers the first request of the first connection, reads a second one, and closes without a word.
TcpServer::Serve die_after_the_second_request(Received& received) {
  return [&received](Connection& connection) {
    received.add(connection.read_request());
    connection.answer("");
    if (connection.number > 0) return connection.wait_for_close();
    received.add(connection.read_request());
  };
}

TEST(Curl, NeverSendsAPostTwice) {
  for (const std::string& body : {"body"s, ""s, std::string(500'000, 'x')}) {
    Received received;
    TcpServer server(die_after_the_second_request(received));
    Curl client(kOptions);
    ASSERT_TRUE(send(client, {.method = "GET", .url = server.url(), .reuse_connection = true}).has_value());
    const auto answer = send(client, {.method = "POST", .url = server.url(), .body = body, .reuse_connection = true});
    ASSERT_FALSE(answer.has_value());
    EXPECT_TRUE(answer.error().sent);
    EXPECT_FALSE(answer.error().timed_out);
    EXPECT_EQ(answer.error().detail, "no answer came, and the request is not sent twice");
    EXPECT_EQ(received.count(), 2U);
    EXPECT_TRUE(send(client, {"POST", server.url()}).has_value());
  }
}

TEST(Curl, SendsAGetAgainWhenAnOldConnectionTurnsOutToBeDead) {
  Received received;
  TcpServer server(die_after_the_second_request(received));
  Curl client(kOptions);
  ASSERT_TRUE(send(client, {"GET", server.url()}).has_value());
  EXPECT_TRUE(send(client, {"GET", server.url()}).has_value());
  EXPECT_EQ(received.count(), 3U);
}

TEST(Curl, AnswersManyCallsAtOnceEachOnItsOwnThread) {
  Received received;
  std::atomic<int> waiting = 0;
  std::promise<void> all_there;
  const auto gate = all_there.get_future().share();
  TcpServer server([&](Connection& connection) {
    const std::string request = received.add(connection.read_request());
    if (++waiting == 100) all_there.set_value();
    gate.wait();  // nobody is answered before all have asked
    connection.answer(request.substr(request.find("\r\n\r\n") + 4));
  });
  IoThreads threads(2);
  threads.start();
  Curl client(kOptions);
  struct Call {
    static Task<bool> make(Client& client, std::string url, int number) {
      const int thread = IoThreads::current();
      const auto answer = co_await client.send({"POST", url, {}, std::to_string(number)}, Deadline::after(60s));
      co_return answer && answer->body == std::to_string(number) && IoThreads::current() == thread;
    }
  };
  std::vector<std::future<bool>> calls;
  for (int i = 0; i < 100; ++i) {
    calls.push_back(asio::co_spawn(threads.context(static_cast<unsigned>(i % 2)), Call::make(client, server.url(), i),
                                   asio::use_future));
  }
  for (auto& call : calls) EXPECT_TRUE(call.get());
  EXPECT_EQ(received.count(), 100U);
}

TEST(Curl, RefusesMoreCallsAtOnceThanAllowed) {
  std::promise<void> asked;
  TcpServer server([&](Connection& connection) {
    connection.read_request();
    asked.set_value();
    connection.wait_for_close();
  });
  Curl::Options options = kOptions;
  options.most_calls = 1;
  auto client = std::make_unique<Curl>(options);
  auto first = std::async(std::launch::async, [&] { return send(*client, {"POST", server.url()}); });
  asked.get_future().wait();
  const auto second = send(*client, {"POST", server.url()});
  ASSERT_FALSE(second.has_value());
  EXPECT_FALSE(second.error().sent);
  client.reset();
  EXPECT_FALSE(first.get().has_value());
}

TEST(Curl, ACallThatIsStoppedBeforehandSendsNothing) {
  Received received;
  TcpServer server(answer_all(received));
  Curl client(kOptions);
  std::stop_source source;
  source.request_stop();
  const auto answer = send(client, {"POST", server.url()}, Deadline::after(30s).stopped_by(source.get_token()));
  ASSERT_FALSE(answer.has_value());
  EXPECT_FALSE(answer.error().sent);
  EXPECT_TRUE(answer.error().stopped);
  EXPECT_FALSE(answer.error().timed_out);
  EXPECT_EQ(received.count(), 0U);
}

TEST(Curl, AStopGivesUpACallThatWaitsForItsAnswer) {
  std::stop_source source;
  std::promise<void> closed;
  TcpServer server([&](Connection& connection) {
    connection.read_request();
    source.request_stop();
    connection.wait_for_close();
    closed.set_value();
  });
  Curl client(kOptions);
  const auto answer =
      send(client, {"POST", server.url(), {}, "body"}, Deadline::after(1h).stopped_by(source.get_token()));
  ASSERT_FALSE(answer.has_value());
  EXPECT_TRUE(answer.error().sent);
  EXPECT_TRUE(answer.error().stopped);
  EXPECT_FALSE(answer.error().timed_out);
  EXPECT_EQ(closed.get_future().wait_for(20s), std::future_status::ready);
}

TEST(Curl, AStopBeforeTheConnectionIsReadySentNothing) {
  std::stop_source source;
  TcpServer server([&](Connection& connection) {  // it never shakes hands
    source.request_stop();
    connection.wait_for_close();
  });
  Curl::Options options = kOptions;
  options.connect_within = 1h;
  Curl client(options);
  const std::string url = "https://127.0.0.1:" + std::to_string(server.port());
  const auto answer = send(client, {"POST", url, {}, "body"}, Deadline::after(1h).stopped_by(source.get_token()));
  ASSERT_FALSE(answer.has_value());
  EXPECT_FALSE(answer.error().sent);
  EXPECT_TRUE(answer.error().stopped);
}

TEST(Curl, AStopThatComesWithTheAnswerEndsTheCallOnce) {
  Received received;
  TcpServer server(answer_all(received));
  Curl client(kOptions);
  for (int i = 0; i < 200; ++i) {
    std::stop_source source;
    auto call = std::async(std::launch::async, [&] {
      return send(client, {"GET", server.url()}, Deadline::after(30s).stopped_by(source.get_token()));
    });
    for (int turns = 0; turns < i; ++turns) std::this_thread::yield();  // at another moment each time
    source.request_stop();
    const auto answer = call.get();
    if (!answer) {
      EXPECT_TRUE(answer.error().stopped) << answer.error().detail;
    }
  }
  EXPECT_TRUE(send(client, {"GET", server.url()}).has_value()) << "the others are not touched";
}

TEST(Curl, FailsWhatIsUnderWayWhenItEnds) {
  std::promise<void> asked;
  TcpServer server([&](Connection& connection) {
    connection.read_request();
    asked.set_value();
    connection.wait_for_close();
  });
  auto client = std::make_unique<Curl>(kOptions);
  auto call = std::async(std::launch::async, [&] { return send(*client, {"POST", server.url(), {}, "body"}); });
  asked.get_future().wait();
  client.reset();
  const auto answer = call.get();
  ASSERT_FALSE(answer.has_value());
  EXPECT_TRUE(answer.error().sent);
  EXPECT_EQ(answer.error().detail, "the client is shutting down");
}

TEST(Curl, RefusesACertificateThatNobodyVouchesFor) {
  Received received;
  const tests::SelfSignedCertificate certificate;
  TcpServer server(answer_all(received), &certificate);
  Curl client(kOptions);
  const auto answer = send(client, {"POST", server.url(), {}, "body"});
  ASSERT_FALSE(answer.has_value());
  EXPECT_FALSE(answer.error().sent);
  EXPECT_FALSE(answer.error().timed_out);
  EXPECT_THAT(answer.error().detail, HasSubstr("certificate"));
  EXPECT_EQ(received.count(), 0U);
}

TEST(Curl, TrustsTheAuthoritiesThatItIsGivenForTheNamesThatTheyVouchFor) {
  Received received;
  const tests::SelfSignedCertificate certificate;
  TcpServer server(answer_all(received), &certificate);
  const tests::TemporaryFolder folder;
  Curl::Options options = kOptions;
  options.ca_file = folder.path() / "ca.pem";
  std::ofstream(options.ca_file) << certificate.pem();
  Curl client(options);
  const auto answer = send(client, {"POST", server.url(), {}, "body"});
  ASSERT_TRUE(answer.has_value()) << answer.error().detail;
  EXPECT_EQ(answer->body, "from 0");

  const auto wrong_name = send(client, {"POST", "https://127.0.0.1:" + std::to_string(server.port()), {}, "body"});
  ASSERT_FALSE(wrong_name.has_value());
  EXPECT_FALSE(wrong_name.error().sent);
  EXPECT_EQ(received.count(), 1U);
}

}  // namespace
}  // namespace kriya::http::client
