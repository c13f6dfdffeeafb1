#include "agent/openai_model.h"

#include <future>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/client/curl.h"
#include "runtime/io_threads.h"
#include "tests/support/tcp_server.h"

namespace kriya::agent {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;
using tests::TcpServer;
using Connection = TcpServer::Connection;

const http::client::Curl::Options kOptions{.user_agent = "kriya-test"};

Question hello() {
  return {.model = "m1",
          .messages = {{.role = Role::system, .content = "Be brief."}, {.role = Role::user, .content = "Hello"}},
          .functions = {{"add", "Adds.", {{"type", "object"}}}}};
}

std::string head(const std::string& status, const std::string& headers = "") {
  return "HTTP/1.1 " + status + "\r\n" + headers + "\r\n";
}
const std::string kEvents = head("200 OK", "Content-Type: text/event-stream\r\n");

struct Answered {
  std::string text;
  std::vector<ModelCall> calls;
  std::optional<Usage> usage;
  std::optional<Error> error;
};

Task<Answered> read(ChatModel& model, Deadline deadline) {
  Answered all;
  auto answer = co_await model.ask(hello(), deadline);
  if (!answer) {
    all.error = answer.error();
    co_return all;
  }
  for (;;) {
    auto event = co_await (*answer)->next();
    if (!event) {
      all.error = event.error();
      co_return all;
    }
    if (auto* delta = std::get_if<TextDelta>(&*event)) all.text += delta->text;
    if (auto* call = std::get_if<ModelCall>(&*event)) all.calls.push_back(*call);
    if (auto* usage = std::get_if<Usage>(&*event)) all.usage = *usage;
    if (std::holds_alternative<Finished>(*event)) co_return all;
  }
}

/// What a server that answers each request with these bytes comes to, and what it was asked.
struct Exchange {
  explicit Exchange(const std::string& answer, Secret key = Secret("sk-secret")) {
    TcpServer server([&](Connection& connection) {
      request = connection.read_request();
      connection.write(answer);
    });
    http::client::Curl client(kOptions);
    OpenAiModel model(client, server.url() + "v1", std::move(key));
    answered = run_to_completion(read(model, Deadline::after(30s)));
  }
  std::string request;
  Answered answered;
};

TEST(OpenAiModel, AsksForAStreamWithUsageAndFunctions) {
  const Exchange one(kEvents +
                     "data: {\"choices\":[{\"delta\":{\"content\":\"Hi\"},\"finish_reason\":\"stop\"}]}\n\n"
                     "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":1}}\n\n"
                     "data: [DONE]\n\n");
  ASSERT_FALSE(one.answered.error) << one.answered.error->detail;
  EXPECT_EQ(one.answered.text, "Hi");
  EXPECT_EQ(one.answered.usage->total(), 6);
  EXPECT_THAT(one.request, HasSubstr("POST /v1/chat/completions HTTP/1.1"));
  EXPECT_THAT(one.request, HasSubstr("Authorization: Bearer sk-secret"));
  const auto body = parse_json(one.request.substr(one.request.find("\r\n\r\n") + 4)).value();
  EXPECT_EQ(body.at("stream"), true);
  EXPECT_EQ(body.at("stream_options").at("include_usage"), true);
  EXPECT_EQ(body.at("model"), "m1");
  EXPECT_EQ(body.at("messages").at(1).at("content"), "Hello");
  EXPECT_EQ(body.at("tools").at(0).at("type"), "function");
  EXPECT_EQ(body.at("tools").at(0).at("function").at("name"), "add");
}

TEST(OpenAiModel, SendsNoAuthorizationWithoutAKey) {
  const Exchange one(kEvents + "data: [DONE]\n\n", Secret());
  EXPECT_THAT(one.request, Not(HasSubstr("Authorization")));
}

TEST(OpenAiModel, TextArrivesWhileTheAnswerGoesOn) {
  std::promise<void> first_read;
  TcpServer server([&](Connection& connection) {
    connection.read_request();
    connection.write(kEvents + "data: {\"choices\":[{\"delta\":{\"content\":\"Hi\"}}]}\n\n");
    first_read.get_future().wait();
    connection.write("data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n");
  });
  http::client::Curl client(kOptions);
  OpenAiModel model(client, server.url() + "v1", Secret());
  auto answer = run_to_completion(model.ask(hello(), Deadline::after(30s)));
  ASSERT_TRUE(answer);
  const auto first = run_to_completion((*answer)->next());
  EXPECT_EQ(std::get<TextDelta>(first.value()).text, "Hi");
  first_read.set_value();
  EXPECT_EQ(std::get<Finished>(run_to_completion((*answer)->next()).value()).reason, "stop");
}

TEST(OpenAiModel, TakesOneDocumentInsteadOfAStream) {
  const Exchange one(head("200 OK", "Content-Type: application/json\r\n") +
                     "\n{\"choices\":[{\"message\":{\"content\":\"Hi\",\"tool_calls\":[{\"id\":\"c\",\"function\":{"
                     "\"name\":\"add\",\"arguments\":\"{}\"}}]},\"finish_reason\":\"stop\"}]}");
  ASSERT_FALSE(one.answered.error) << one.answered.error->detail;
  EXPECT_EQ(one.answered.text, "Hi");
  EXPECT_EQ(one.answered.calls.size(), 1U);
}

TEST(OpenAiModel, NeedsNoBlankLineAfterTheLastEvent) {
  const Exchange one(kEvents + "data: {\"choices\":[{\"delta\":{\"content\":\"Hi\"},\"finish_reason\":\"stop\"}]}");
  ASSERT_FALSE(one.answered.error) << one.answered.error->detail;
  EXPECT_EQ(one.answered.text, "Hi");
}

TEST(OpenAiModel, RefusalsBecomeClearErrorsThatTellNoKey) {
  const auto error_of = [](const std::string& status, const std::string& headers = "") {
    const Exchange one(head(status, headers + "Content-Length: 31\r\n") + "{\"error\":\"bad key: sk-secret\"}\n");
    EXPECT_TRUE(one.answered.error) << status;
    EXPECT_THAT(one.answered.error->detail, Not(HasSubstr("sk-")));
    return *one.answered.error;
  };
  EXPECT_EQ(error_of("401 Unauthorized").detail, "The model provider refused our key.");
  EXPECT_EQ(error_of("403 Forbidden").code, Errc::model_unavailable);
  EXPECT_THAT(error_of("404 Not Found").detail, HasSubstr("no such model"));
  EXPECT_EQ(error_of("500 Oops").code, Errc::model_unavailable);
  const Error busy = error_of("429 Too Many Requests", "Retry-After: 17\r\n");
  EXPECT_EQ(busy.code, Errc::overloaded);
  EXPECT_EQ(busy.retry_after, 17s);
  EXPECT_EQ(error_of("429 Too Many Requests", "Retry-After: Fri, 01 Jan 2027 00:00:00 GMT\r\n").retry_after, 0s);
}

TEST(OpenAiModel, AStreamThatIsCutKeepsItsTextAndFails) {
  const Exchange one(head("200 OK", "Content-Type: text/event-stream\r\nContent-Length: 1000\r\n") +
                     "data: {\"choices\":[{\"delta\":{\"content\":\"Hi\"}}]}\n\n");
  EXPECT_EQ(one.answered.text, "Hi");
  ASSERT_TRUE(one.answered.error);
  EXPECT_EQ(one.answered.error->code, Errc::model_unavailable);
}

/// Fails so often without having sent anything, then as if it had.
class Unreachable final : public http::client::StreamingClient {
 public:
  explicit Unreachable(int unsent) : unsent_(unsent) {}
  Task<http::client::Opened> open(http::client::Request, Deadline) override {
    ++tries;
    co_return tl::unexpected(http::client::Failure{.sent = tries > unsent_, .detail = "no", .timed_out = false});
  }
  int tries = 0;

 private:
  int unsent_;
};

TEST(OpenAiModel, AsksAgainOnceAndOnlyWhatWasCertainlyNotHeard) {
  Unreachable never(100);
  OpenAiModel first(never, "http://x/v1", Secret());
  EXPECT_EQ(run_to_completion(read(first, Deadline::after(30s))).error->code, Errc::model_unavailable);
  EXPECT_EQ(never.tries, 2);
  Unreachable perhaps(0);
  OpenAiModel second(perhaps, "http://x/v1", Secret());
  EXPECT_TRUE(run_to_completion(read(second, Deadline::after(30s))).error);
  EXPECT_EQ(perhaps.tries, 1);
}

TEST(OpenAiModel, AStopEndsAnAnswerAtOnce) {
  std::promise<void> over;
  TcpServer server([&](Connection& connection) {
    connection.read_request();
    connection.write(kEvents + ": hello\n\n");
    over.get_future().wait();
  });
  http::client::Curl client(kOptions);
  OpenAiModel model(client, server.url() + "v1", Secret());
  std::stop_source stop;
  auto answer = run_to_completion(model.ask(hello(), Deadline::after(30s).stopped_by(stop.get_token())));
  ASSERT_TRUE(answer);
  stop.request_stop();
  EXPECT_FALSE(run_to_completion((*answer)->next()));
  over.set_value();
}

}  // namespace
}  // namespace kriya::agent
