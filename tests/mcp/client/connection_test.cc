#include "mcp/client/connection.h"

#include <deque>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcp/client/tool_source.h"
#include "runtime/io_threads.h"

namespace kriya::mcp::client {
namespace {

using namespace std::chrono_literals;
using http::client::Failure;
using http::client::Request;
using http::client::Response;
using testing::ElementsAre;

/// One answer: its head, then its pieces; then it ends, or breaks.
struct Scripted {
  int status = 200;
  http::client::Headers headers = {{"Content-Type", "application/json"}};
  std::vector<std::string> pieces = {};
  bool breaks = false;
};

/// A server that answers from a script. "$ID" stands for the id of the request, which must be the last one that had
/// one.
class ScriptedServer final : public http::client::StreamingClient {
 public:
  explicit ScriptedServer(std::deque<Scripted> answers) : answers_(std::move(answers)) {}

  Task<http::client::Opened> open(Request request, Deadline) override {
    const auto body = parse_json(request.body);
    std::string said = request.method;
    if (body && body->as_object().contains("method")) said = std::string(body->at("method").as_string());
    if (body && body->as_object().contains("error")) said = "error " + json_text(body->at("error").at("code"));
    if (body && body->as_object().contains("id") && body->as_object().contains("method"))
      id_ = json_text(body->at("id"));
    for (const auto& [name, value] : request.headers) {
      if (name == "Mcp-Session-Id" || name == "Last-Event-ID") said += " " + value;
    }
    heard.push_back(said);
    if (answers_.empty()) co_return tl::unexpected(Failure{.sent = false, .detail = "no more", .timed_out = false});
    Scripted answer = std::move(answers_.front());
    answers_.pop_front();
    for (std::string& piece : answer.pieces) {
      if (const auto at = piece.find("$ID"); at != std::string::npos) piece.replace(at, 3, id_);
    }
    co_return std::make_unique<ScriptedStream>(std::move(answer));
  }

  std::vector<std::string> heard;  // methods, with what of their headers matters

 private:
  class ScriptedStream final : public http::client::Stream {
   public:
    explicit ScriptedStream(Scripted answer) : answer_(std::move(answer)) {
      head_.status = answer_.status;
      head_.headers = answer_.headers;
    }
    const Response& head() const override { return head_; }
    Task<Piece> next() override {
      if (next_ < answer_.pieces.size()) co_return answer_.pieces[next_++];
      if (answer_.breaks) co_return tl::unexpected(Failure{.sent = true, .detail = "reset", .timed_out = false});
      co_return std::optional<std::string>();
    }

   private:
    Scripted answer_;
    Response head_;
    std::size_t next_ = 0;
  };

  static std::string json_text(const json::value& value) { return std::to_string(value.as_int64()); }

  std::deque<Scripted> answers_;
  std::string id_;
};

std::string result(std::string_view content) {
  return R"({"jsonrpc":"2.0","id":$ID,"result":)" + std::string(content) + "}";
}

Scripted json_answer(std::string_view content) { return {.pieces = {result(content)}}; }

Scripted stream_answer(std::vector<std::string> pieces, bool breaks = false) {
  return {.headers = {{"Content-Type", "text/event-stream"}}, .pieces = std::move(pieces), .breaks = breaks};
}

std::deque<Scripted> legacy_server(std::deque<Scripted> then) {
  then.push_front({.status = 202});
  Scripted initialized = json_answer(R"({"protocolVersion":"2025-11-25","capabilities":{}})");
  initialized.headers.emplace_back("Mcp-Session-Id", "s1");
  then.push_front(std::move(initialized));
  then.push_front({.status = 400});
  return then;
}

std::deque<Scripted> modern_server(std::deque<Scripted> then) {
  then.push_front(json_answer(R"({"supportedVersions":["2026-07-28"]})"));
  return then;
}

Result<json::object> call(ScriptedServer& server, Deadline deadline = Deadline::after(30s),
                          Connection::Heard heard = {}) {
  Connection connection(server, {.url = "http://x/mcp"});
  const auto make = [](const Agreement&, const RequestId&) -> Result<Outgoing> {
    return Outgoing{.method = "tools/call"};
  };
  return run_to_completion(connection.call(make, std::move(heard), deadline));
}

TEST(McpConnection, AsksAModernServerOnce) {
  ScriptedServer server(modern_server({json_answer("{}")}));
  EXPECT_TRUE(call(server).has_value());
  EXPECT_THAT(server.heard, ElementsAre("server/discover", "tools/call"));
}

TEST(McpConnection, BeginsASessionWithALegacyServer) {
  ScriptedServer server(legacy_server({json_answer("{}")}));
  EXPECT_TRUE(call(server).has_value());
  EXPECT_THAT(server.heard,
              ElementsAre("server/discover", "initialize", "notifications/initialized s1", "tools/call s1"));
}

TEST(McpConnection, BeginsANewSessionOnceWhenItsOwnIsGone) {
  auto answers = legacy_server({{.status = 404}});
  for (Scripted& again : legacy_server({{.status = 404}})) answers.push_back(std::move(again));
  ScriptedServer server(std::move(answers));
  const auto answer = call(server);
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, Errc::not_found);
  EXPECT_EQ(std::ranges::count(server.heard, "tools/call s1"), 2);
}

TEST(McpConnection, TakesUpALegacyStreamWhereItBroke) {
  ScriptedServer server(legacy_server({
      stream_answer({"retry: 0\nid: e1\ndata: \n\n"}, true),
      stream_answer({"id: e2\ndata: " + result("{}") + "\n\n"}),
  }));
  EXPECT_TRUE(call(server).has_value());
  EXPECT_EQ(server.heard.back(), "GET s1 e1");
}

TEST(McpConnection, GivesUpAStreamThatBreaksAgainAndAgain) {
  std::deque<Scripted> breaks;
  for (int i = 0; i < 20; ++i) breaks.push_back(stream_answer({"retry: 0\nid: e1\ndata: \n\n"}, true));
  ScriptedServer server(legacy_server(std::move(breaks)));
  EXPECT_FALSE(call(server).has_value());
  EXPECT_EQ(std::ranges::count(server.heard, "GET s1 e1"), 5);
}

TEST(McpConnection, DoesNotTakeUpAModernStream) {
  ScriptedServer server(modern_server({stream_answer({"retry: 0\nid: e1\ndata: \n\n"}, true)}));
  const auto answer = call(server);
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, Errc::unavailable);
}

TEST(McpConnection, RefusesWhatALegacyServerAsksBack) {
  const std::string question = R"({"jsonrpc":"2.0","id":99,"method":"sampling/createMessage"})";
  ScriptedServer server(legacy_server({
      stream_answer({"data: " + question + "\n\n", "data: " + result("{}") + "\n\n"}),
      {.status = 202},
  }));
  EXPECT_TRUE(call(server).has_value());
  EXPECT_EQ(server.heard.back(), "error -32601 s1");
}

TEST(McpConnection, TellsALegacyServerThatNobodyWaitsAnyMore) {
  ScriptedServer server(legacy_server({
      stream_answer({R"(data: {"jsonrpc":"2.0","method":"notifications/message"})"
                     "\n\n"},
                    true),
      {.status = 202},
  }));
  std::stop_source stop;
  const auto answer = call(server, Deadline::after(30s).stopped_by(stop.get_token()),
                           [&](const RpcNotification&) { stop.request_stop(); });
  EXPECT_FALSE(answer.has_value());
  EXPECT_EQ(server.heard.back(), "notifications/cancelled s1");
}

TEST(McpToolSource, ReadsEveryPageAndRefusesAListWithoutEnd) {
  ScriptedServer server(modern_server({
      json_answer(R"({"tools":[{"name":"a","inputSchema":{}}],"nextCursor":"2"})"),
      json_answer(R"({"tools":[{"name":"b","inputSchema":{}},{"name":"a","inputSchema":{}}]})"),
      json_answer(R"({"tools":[],"nextCursor":"2"})"),
      json_answer(R"({"tools":[],"nextCursor":"2"})"),
  }));
  Connection connection(server, {.url = "http://x/mcp"});
  McpToolSource source(connection);
  const auto tools = run_to_completion(source.list({}, Deadline::after(30s)));
  ASSERT_TRUE(tools.has_value()) << tools.error().detail;
  EXPECT_EQ(tools->size(), 2U);
  EXPECT_THAT(source.refused(), ElementsAre("a: it is listed twice"));
  EXPECT_FALSE(run_to_completion(source.list({}, Deadline::after(30s))).has_value());
}

TEST(McpToolSource, ListsAgainWhenTheServerMissesAHeader) {
  ScriptedServer server(modern_server({
      json_answer(R"({"tools":[{"name":"a","inputSchema":{}}]})"),
      {.status = 400, .pieces = {R"({"jsonrpc":"2.0","id":$ID,"error":{"code":-32020,"message":"Header mismatch"}})"}},
      json_answer(R"({"tools":[{"name":"a","inputSchema":{}}]})"),
      json_answer(R"({"content":[{"type":"text","text":"8"}]})"),
  }));
  Connection connection(server, {.url = "http://x/mcp"});
  McpToolSource source(connection);
  ASSERT_TRUE(run_to_completion(source.list({}, Deadline::after(30s))).has_value());
  const auto answer = run_to_completion(
      source.call({"a", {}}, {.principal = {}, .deadline = Deadline::after(30s), .via = "command", .session_id = {}}));
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->text(), "8");
  EXPECT_THAT(server.heard, ElementsAre("server/discover", "tools/list", "tools/call", "tools/list", "tools/call"));
}

TEST(McpToolSource, KnowsNoToolThatTheServerDoesNotList) {
  ScriptedServer server(modern_server({json_answer(R"({"tools":[]})")}));
  Connection connection(server, {.url = "http://x/mcp"});
  McpToolSource source(connection);
  const auto answer = run_to_completion(
      source.call({"a", {}}, {.principal = {}, .deadline = Deadline::after(30s), .via = "command", .session_id = {}}));
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, Errc::not_found);
}

}  // namespace
}  // namespace kriya::mcp::client
