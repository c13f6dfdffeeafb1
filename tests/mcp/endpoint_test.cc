#include "mcp/endpoint.h"

#include <future>

#include <boost/json/serialize.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/sse.h"
#include "runtime/io_threads.h"
#include "tests/support/fake_clock.h"

namespace kriya::mcp {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

/// Tools that do what a client may see of a call.
class Tools final : public Offer {
 public:
  const json::object& server_info() const override { return info_; }
  const json::object& capabilities() const override { return capabilities_; }

  Task<Outcome> call_tool(const Asker& asker, std::string name, json::object, Input input) override {
    if (name == "progress") asker.conversation->progress(1, 2, "half");
    if (name == "log") asker.conversation->log(LogLevel::info, "", "said");
    if (name == "throw") throw std::runtime_error("a bug");
    if (name == "input" && input.responses.empty()) {
      co_return InputRequired{{{"q", {{"method", "elicitation/create"}, {"params", json::object()}}}},
                              json::object{{"round", 1}}};
    }
    if (name == "ask") {
      const auto answer = co_await asker.conversation->ask("roots/list", {});
      co_return json::object{{"asked", answer ? json::value(*answer) : json::value(answer.error().message)}};
    }
    if (name == "poll") asker.conversation->let_client_poll();
    if (during) during();
    if (asker.deadline.passed()) co_return json::object{{"stopped", true}};
    co_return json::object{{"content", json::array()}};
  }

  std::function<void()> during;

 private:
  const json::object info_{{"name", "t"}, {"version", "1"}};
  const json::object capabilities_{{"tools", {{"listChanged", true}}}};
};

http::Caller somebody() {
  return {.address = "127.0.0.1",
          .user_agent = {},
          .request_id = "r",
          .deadline = Deadline::after(10s),
          .bearer = "the token"};
}

/// Collects what a stream writes.
class Written final : public http::BodyWriter {
 public:
  Task<bool> write(std::string bytes) override {
    text += bytes;
    if (on_write) on_write(bytes);
    co_return true;
  }
  std::string text;
  std::function<void(const std::string&)> on_write;
};

class Leaving final : public http::Connection {
 public:
  std::stop_token gone() override { return stop.get_token(); }
  std::stop_source stop;
};

Task<void> pass_on(const http::Response& response, Written& body) { co_await response.stream(body); }

struct Answer {
  int status = 0;
  std::string type;
  std::string session;
  std::string text;
  json::value body() const { return *parse_json(text); }
  std::int64_t code() const { return body().at("error").at("code").as_int64(); }
};

class EndpointTest : public ::testing::Test {
 protected:
  using Headers = std::vector<std::pair<std::string, std::string>>;

  EndpointTest() { endpoint_.add_to(router_, "/mcp", {}); }

  Answer send(http::Method method, const Headers& headers, std::string body = {}, const std::string& user = "") {
    http::Request request;
    request.set_start(http::name(method), "/mcp", 1);
    for (const auto& [name, value] : headers) request.add_header(name, value);
    request.mutable_body() = std::move(body);
    http::Caller caller = somebody();
    caller.connection = &connection_;
    if (!user.empty()) caller.principal = http::Principal{.client_id = user};
    const http::Route* route = router_.find(method, "/mcp").route;
    const http::Response response = run_to_completion(answer(*route, request, caller, written_));
    Answer got{response.status, std::string(response.content_type), "", response.body + written_.text};
    written_.text.clear();
    for (const auto& [name, value] : response.headers) {
      if (name == header::kSessionId) got.session = value;
    }
    return got;
  }

  Answer modern(std::string_view method, std::string_view params, Headers more = {}, std::string_view meta = "") {
    Headers headers{{"Content-Type", "application/json"},
                    {"MCP-Protocol-Version", "2026-07-28"},
                    {"Mcp-Method", std::string(method)}};
    headers.insert(headers.end(), more.begin(), more.end());
    return send(http::Method::post, headers,
                R"({"jsonrpc":"2.0","id":1,"method":")" + std::string(method) + R"(","params":{)" +
                    std::string(params) + (params.empty() ? "" : ",") +
                    R"("_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",
                       "io.modelcontextprotocol/clientCapabilities":{"elicitation":{}})" +
                    std::string(meta) + "}}}");
  }

  Answer modern_call(const std::string& tool, std::string_view meta = "", std::string_view more = "") {
    return modern("tools/call", R"("name":")" + tool + R"(","arguments":{})" + std::string(more), {{"Mcp-Name", tool}},
                  meta);
  }

  Answer legacy(const std::string& session, std::string_view body, const std::string& user = "") {
    Headers headers{{"Content-Type", "application/json"}};
    if (!session.empty()) headers.emplace_back("Mcp-Session-Id", session);
    return send(http::Method::post, headers, std::string(body), user);
  }

  std::string begin(const std::string& version = "2025-11-25", const std::string& user = "") {
    return legacy("",
                  R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":")" + version +
                      R"(","capabilities":{"roots":{}},"clientInfo":{"name":"c","version":"1"}}})",
                  user)
        .session;
  }

  static std::string call(const std::string& tool, std::string_view more = "") {
    return R"({"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":")" + tool + "\"" + std::string(more) +
           "}}";
  }

  static Task<http::Response> answer(const http::Route& route, const http::Request& request, http::Caller& caller,
                                     Written& written) {
    http::Response response = co_await route.run(request, caller);
    if (response.stream) co_await pass_on(response, written);
    co_return response;
  }

  static Task<bool> still_good(EndpointTest* test, std::string bearer) {
    co_return !test->still_good_ || test->still_good_(bearer);
  }

  std::function<bool(const std::string&)> still_good_;
  tests::FakeClock clock_;
  telemetry::Log log_{{.level = telemetry::Level::error, .file = "/dev/null"}};
  Tools tools_;
  ChangeFeed changes_;
  Endpoint endpoint_{{.hosts = {"localhost"},
                      .origins = {"https://app.example"},
                      .times = {.keep_alive = 5ms},
                      .still_good = [this](std::string bearer) { return still_good(this, std::move(bearer)); }},
                     tools_,
                     changes_,
                     Secret("the master key"),
                     clock_,
                     log_};
  http::Router router_;
  Written written_;
  Leaving connection_;
};

TEST_F(EndpointTest, ASilentCallIsAnsweredInJsonInBothEras) {
  const Answer modern_answer = modern_call("plain", R"(,"progressToken":1)");
  EXPECT_EQ(modern_answer.type, "application/json");
  EXPECT_EQ(modern_answer.body().at("result").at("resultType"), "complete");
  EXPECT_EQ(legacy(begin(), call("plain")).type, "application/json");
}

TEST_F(EndpointTest, ACallThatSpeaksIsAStream) {
  const Answer spoke = modern_call("progress", R"(,"progressToken":"p")");
  EXPECT_EQ(spoke.type, "text/event-stream");
  http::SseParser parser;
  const auto events = *parser.feed(spoke.text);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(parse_json(events[0].data)->at("params").at("progressToken"), "p");
  EXPECT_EQ(parse_json(events[1].data)->at("id"), 1);
}

TEST_F(EndpointTest, NothingIsSaidThatWasNotAskedFor) {
  EXPECT_EQ(modern_call("progress").type, "application/json");
  EXPECT_EQ(modern_call("log", R"(,"io.modelcontextprotocol/logLevel":"error")").type, "application/json");
  EXPECT_EQ(modern_call("log", R"(,"io.modelcontextprotocol/logLevel":"info")").type, "text/event-stream");
}

TEST_F(EndpointTest, InputIsRequiredAndStateComesBackSealed) {
  const json::value required = modern_call("input").body().at("result");
  EXPECT_EQ(required.at("resultType"), "input_required");
  const std::string state(required.at("requestState").as_string());
  const std::string answers = R"(,"inputResponses":{"q":{"action":"accept"}},"requestState":")";
  EXPECT_EQ(modern_call("input", "", answers + state + "\"").body().at("result").at("resultType"), "complete");
  EXPECT_EQ(modern_call("input", "", answers + state + "x\"").code(), rpc_code::kInvalidParams);
  EXPECT_EQ(modern_call("plain", "", answers + state + "\"").code(), rpc_code::kInvalidParams) << "of another call";
}

TEST_F(EndpointTest, AModernClientThatGoesAwayCancelsItsCallAndALegacyOneDoesNot) {
  const std::string session = begin();
  tools_.during = [this] { connection_.stop.request_stop(); };
  EXPECT_EQ(legacy(session, call("plain")).text.find("stopped"), std::string::npos);
  connection_.stop = std::stop_source();
  EXPECT_THAT(modern_call("plain").text, HasSubstr(R"("stopped":true)"));
}

TEST_F(EndpointTest, ALegacyClientCancelsInWords) {
  const std::string session = begin();
  tools_.during = [&] {
    tools_.during = {};
    const auto route = router_.find(http::Method::post, "/mcp").route;
    std::async(std::launch::async, [&] {
      http::Request request;
      request.set_start("POST", "/mcp", 1);
      request.add_header("Content-Type", "application/json");
      request.add_header("Mcp-Session-Id", session);
      request.mutable_body() = R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}})";
      http::Caller caller = somebody();
      Written unused;
      EXPECT_EQ(run_to_completion(answer(*route, request, caller, unused)).status, 202);
    }).wait();
  };
  EXPECT_EQ(legacy(session, call("plain")).text.find("\"id\":7"), std::string::npos) << "it is not answered";
}

TEST_F(EndpointTest, MethodsOfTheOtherEraAreUnknown) {
  const Answer ping = modern("ping", "");
  EXPECT_EQ(ping.status, 404);
  EXPECT_EQ(ping.code(), rpc_code::kMethodNotFound);
  EXPECT_EQ(legacy(begin(), R"({"jsonrpc":"2.0","id":1,"method":"prompts/list"})").code(), rpc_code::kMethodNotFound);
}

TEST_F(EndpointTest, WhatACallThrowsStaysInside) {
  const Answer thrown = modern_call("throw");
  EXPECT_EQ(thrown.code(), rpc_code::kInternalError);
  EXPECT_EQ(thrown.text.find("a bug"), std::string::npos);
}

TEST_F(EndpointTest, ASessionIsNeededAndIsItsPrincipalsAlone) {
  const std::string ping = R"({"jsonrpc":"2.0","id":1,"method":"ping"})";
  const std::string session = begin("2025-11-25", "one");
  EXPECT_EQ(legacy("", ping, "one").status, 400);
  EXPECT_EQ(legacy(session, ping, "one").status, 200);
  EXPECT_EQ(legacy(session, ping, "two").status, 404);
  EXPECT_EQ(send(http::Method::delete_, {{"Mcp-Session-Id", session}}, "", "two").status, 404);
  EXPECT_EQ(send(http::Method::delete_, {{"Mcp-Session-Id", session}}, "", "one").status, 204);
  EXPECT_EQ(legacy(session, ping, "one").status, 404);
}

TEST_F(EndpointTest, AskingALegacyClientWaitsForItsAnswer) {
  const std::string session = begin();
  std::promise<std::string> asked;
  written_.on_write = [&](const std::string& bytes) {
    if (bytes.find("roots/list") != std::string::npos) asked.set_value(bytes);
  };
  auto answering = std::async(std::launch::async, [&] {
    // Another thread than the one that waits, as another connection may be.
    asked.get_future().wait();
    http::Request request;
    request.set_start("POST", "/mcp", 1);
    request.add_header("Content-Type", "application/json");
    request.add_header("Mcp-Session-Id", session);
    request.mutable_body() = R"({"jsonrpc":"2.0","id":1,"result":{"roots":[]}})";
    http::Caller caller = somebody();
    Written unused;
    const http::Route* route = router_.find(http::Method::post, "/mcp").route;
    return run_to_completion(answer(*route, request, caller, unused)).status;
  });
  const Answer got = legacy(session, call("ask"));
  EXPECT_EQ(answering.get(), 202);
  EXPECT_THAT(got.text, HasSubstr(R"("asked":{"roots":[]})"));
}

TEST_F(EndpointTest, AStreamThatWasClosedIsTakenUpWhereItWas) {
  const std::string session = begin();
  const Answer closed = legacy(session, call("poll"));
  EXPECT_EQ(closed.type, "text/event-stream");
  EXPECT_THAT(closed.text, HasSubstr("retry: "));
  const std::string id = closed.text.substr(closed.text.find("id: ") + 4, 3);
  const auto resume = [&](const std::string& last) {
    return send(http::Method::get,
                {{"Accept", "text/event-stream"}, {"Mcp-Session-Id", session}, {"Last-Event-ID", last}});
  };
  EXPECT_THAT(resume(id).text, HasSubstr(R"("id":7)"));
  EXPECT_EQ(resume("99-0").status, 400);
  EXPECT_EQ(resume("nonsense").status, 400);
}

TEST_F(EndpointTest, AStreamOfChangesEndsWithTheTokenThatOpenedIt) {
  int asked = 0;
  still_good_ = [&](const std::string& bearer) { return bearer == "the token" && ++asked < 3; };
  EXPECT_EQ(send(http::Method::get, {{"Accept", "text/event-stream"}, {"Mcp-Session-Id", begin()}}).status, 200);
  EXPECT_EQ(asked, 3);
  const Answer got =
      modern("subscriptions/listen", R"("notifications":{"toolsListChanged":true})", {{"Accept", "text/event-stream"}});
  EXPECT_THAT(got.text, HasSubstr("acknowledged"));
  EXPECT_EQ(asked, 4);
}

TEST_F(EndpointTest, BatchesAreOfTheirOneVersionAlone) {
  const std::string batch = R"([{"jsonrpc":"2.0","id":1,"method":"ping"},
    {"jsonrpc":"2.0","method":"notifications/initialized"},{"jsonrpc":"2.0","id":2,"method":"initialize"},{}])";
  const json::value answers = legacy(begin("2025-03-26"), batch).body();
  ASSERT_EQ(answers.as_array().size(), 3u);
  EXPECT_EQ(answers.at(0).at("result"), json::object());
  EXPECT_EQ(answers.at(1).at("error").at("code"), rpc_code::kInvalidRequest);
  EXPECT_EQ(legacy(begin("2025-03-26"), R"([{"jsonrpc":"2.0","method":"notifications/initialized"}])").status, 202);
  EXPECT_EQ(legacy(begin("2025-06-18"), batch).status, 400);
}

TEST_F(EndpointTest, ABatchIsRefusedForWhatItIsByVersionsThatHaveNone) {
  for (const std::string& body : {std::string("[]"), std::string(R"([{"jsonrpc":"2.0","id":1,"method":"ping"}])")}) {
    const Answer got =
        send(http::Method::post, {{"Content-Type", "application/json"}, {"MCP-Protocol-Version", "2026-07-28"}}, body);
    EXPECT_EQ(got.status, 400);
    EXPECT_EQ(got.code(), rpc_code::kInvalidRequest);
    EXPECT_THAT(got.text, HasSubstr("2026-07-28 of the protocol has no batches"));
    const Answer unknown =
        send(http::Method::post, {{"Content-Type", "application/json"}, {"MCP-Protocol-Version", "2031-01-01"}}, body);
    EXPECT_EQ(unknown.code(), rpc_code::kUnsupportedVersion);
  }
}

TEST_F(EndpointTest, RefusesWhatItCannotRead) {
  EXPECT_EQ(send(http::Method::post, {{"Content-Type", "text/plain"}}, "{}").status, 415);
  EXPECT_EQ(send(http::Method::post, {{"Content-Type", "application/json"}, {"Accept", "text/html"}}, "{}").status,
            406);
  EXPECT_EQ(legacy("", "{").code(), rpc_code::kParseError);
  EXPECT_EQ(legacy("", "{}").code(), rpc_code::kInvalidRequest);
  EXPECT_EQ(send(http::Method::get, {{"MCP-Protocol-Version", "2026-07-28"}}).status, 405);
}

TEST_F(EndpointTest, TheDoorIsClosedToForeignPagesAndToTokensInUrls) {
  const auto open = [&](const Headers& headers, std::string_view target = "/mcp") {
    http::Request request;
    request.set_start("POST", target, 1);
    for (const auto& [name, value] : headers) request.add_header(name, value);
    http::Caller caller = somebody();
    return router_.find(http::Method::post, "/mcp").route->access.front().check(request, caller).has_value();
  };
  EXPECT_TRUE(open({{"Host", "localhost:8001"}}));
  EXPECT_TRUE(open({{"Host", "localhost"}, {"Origin", "https://app.example"}}));
  EXPECT_FALSE(open({{"Host", "localhost.evil.example"}}));
  EXPECT_FALSE(open({{"Host", "localhost:80@evil"}}));
  EXPECT_FALSE(open({}));
  EXPECT_FALSE(open({{"Host", "localhost"}, {"Origin", "https://app.example.evil"}}));
  EXPECT_FALSE(open({{"Host", "localhost"}, {"Origin", "null"}}));
  EXPECT_FALSE(open({{"Host", "localhost"}}, "/mcp?access_token=x"));
}

TEST_F(EndpointTest, StoppingEndsWhatIsUnderWay) {
  const std::string session = begin();
  std::future<bool> stopped;
  written_.on_write = [&](const std::string& bytes) {
    if (bytes.find("roots/list") == std::string::npos) return;
    stopped = std::async(std::launch::async, [&] { return endpoint_.stop(10s); });
  };
  const Answer got = legacy(session, call("ask"));
  EXPECT_EQ(got.type, "text/event-stream");
  EXPECT_EQ(got.text.find(R"("result")"), std::string::npos);
  EXPECT_TRUE(stopped.get());
  EXPECT_EQ(legacy(session, call("plain")).status, 404);
}

}  // namespace
}  // namespace kriya::mcp
