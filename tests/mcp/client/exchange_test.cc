#include "mcp/client/exchange.h"

#include <gtest/gtest.h>

namespace kriya::mcp::client {
namespace {

const Server kServer{.url = "http://localhost:3000/mcp", .token = Secret("t0ken")};
const Agreement kModern{.version = "2026-07-28"};
const Agreement kLegacy{.version = "2025-11-25", .session_id = "s1"};

std::string header_of(const http::client::Request& request, std::string_view name) {
  for (const auto& [key, value] : request.headers) {
    if (key == name) return value;
  }
  return "(none)";
}

http::client::Response head(int status, std::string content_type, http::client::Headers more = {}) {
  http::client::Response response;
  response.status = status;
  response.headers = std::move(more);
  response.headers.emplace_back("content-type", std::move(content_type));
  return response;
}

/// Hands the body over in pieces of so many bytes.
AnswerReader read(const http::client::Response& answer, std::string_view body, std::size_t piece = 1'000'000) {
  AnswerReader reader(RequestId(7));
  reader.begin(answer);
  while (!body.empty()) {
    EXPECT_TRUE(reader.take(body.substr(0, piece)).has_value());
    body.remove_prefix(std::min(piece, body.size()));
  }
  EXPECT_TRUE(reader.end().has_value());
  return reader;
}

TEST(McpRequest, OfTheModernEraCarriesEverythingInItself) {
  const auto request = request_for(kServer, kModern, RequestId(7),
                                   {.method = "tools/call",
                                    .params = {{"name", "größe"}, {"arguments", json::object()}},
                                    .headers = {{"Mcp-Param-Region", "eu"}}});
  EXPECT_EQ(header_of(request, "MCP-Protocol-Version"), "2026-07-28");
  EXPECT_EQ(header_of(request, "Mcp-Method"), "tools/call");
  EXPECT_EQ(header_of(request, "Mcp-Name"), "=?base64?Z3LDtsOfZQ==?=");
  EXPECT_EQ(header_of(request, "Mcp-Param-Region"), "eu");
  EXPECT_EQ(header_of(request, "Authorization"), "Bearer t0ken");
  EXPECT_EQ(header_of(request, "Accept"), "application/json, text/event-stream");
  EXPECT_EQ(header_of(request, "Mcp-Session-Id"), "(none)");
  const auto body = parse_json(request.body).value();
  const json::object& meta = body.at("params").at("_meta").as_object();
  EXPECT_EQ(meta.at("io.modelcontextprotocol/protocolVersion").as_string(), "2026-07-28");
  EXPECT_EQ(meta.at("io.modelcontextprotocol/clientCapabilities").as_object().size(), 0U);
  EXPECT_EQ(meta.at("io.modelcontextprotocol/clientInfo").at("name").as_string(), "kriya");
}

TEST(McpRequest, OfTheLegacyEraNamesItsSession) {
  const auto request = request_for(kServer, kLegacy, RequestId(7), {.method = "tools/list"});
  EXPECT_EQ(header_of(request, "Mcp-Session-Id"), "s1");
  EXPECT_EQ(header_of(request, "MCP-Protocol-Version"), "2025-11-25");
  EXPECT_EQ(header_of(request, "Mcp-Method"), "(none)");
  EXPECT_EQ(request.body, R"({"jsonrpc":"2.0","id":7,"method":"tools/list","params":{}})");
}

TEST(McpRequest, WithoutATokenHasNoAuthorization) {
  const auto request = request_for({.url = "http://x/mcp"}, kLegacy, RequestId(7), {.method = "ping"});
  EXPECT_EQ(header_of(request, "Authorization"), "(none)");
}

TEST(McpAnswer, MayBeJson) {
  const auto reader =
      read(head(200, "application/json; charset=utf-8"), R"({"jsonrpc":"2.0","id":7,"result":{"a":1}})", 3);
  ASSERT_NE(reader.reply().result(), nullptr);
  EXPECT_EQ(reader.reply().result()->at("a").as_int64(), 1);
}

TEST(McpAnswer, MayBeAStreamCutAnywhere) {
  constexpr std::string_view kStream =
      "id: 1\r\nretry: 20\r\ndata: \r\n\r\n"
      "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\"}\n\n"
      "id: 3\ndata: {\"jsonrpc\":\"2.0\",\ndata: \"id\":7,\"result\":{}}\n\n";
  for (const std::size_t piece : {1U, 2U, 7U, 1'000U}) {
    const auto reader = read(head(200, "text/event-stream"), kStream, piece);
    EXPECT_NE(reader.reply().result(), nullptr) << piece;
    EXPECT_EQ(reader.retry(), std::chrono::milliseconds(20));
    EXPECT_EQ(reader.last_event_id(), "3");
  }
}

TEST(McpAnswer, GivesWhatTheServerSaysBesides) {
  AnswerReader reader(RequestId(7));
  reader.begin(head(200, "text/event-stream"));
  const auto asides = reader.take(
      "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\"}\n\n"
      "data: {\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"sampling/createMessage\"}\n\n");
  ASSERT_TRUE(asides.has_value());
  ASSERT_EQ(asides->size(), 2U);
  EXPECT_EQ(std::get<RpcNotification>((*asides)[0]).method, "notifications/message");
  EXPECT_EQ(std::get<RpcRequest>((*asides)[1]).method, "sampling/createMessage");
  EXPECT_FALSE(reader.is_complete());
}

TEST(McpAnswer, ToAnotherRequestIsNoAnswer) {
  const auto reader = read(head(200, "application/json"), R"({"jsonrpc":"2.0","id":"7","result":{}})");
  EXPECT_FALSE(reader.is_complete());
}

TEST(McpAnswer, MayComeInABatchOfTheFirstVersion) {
  const auto reader =
      read(head(200, "application/json"),
           R"([{"jsonrpc":"2.0","method":"notifications/message"},{"jsonrpc":"2.0","id":7,"result":{}}])");
  EXPECT_TRUE(reader.is_complete());
}

TEST(McpAnswer, ThatBreaksOffCanBeTakenUpWhereItNamedItsEvents) {
  AnswerReader reader(RequestId(7));
  reader.begin(head(200, "text/event-stream"));
  ASSERT_TRUE(reader.take("id: e1\ndata: \n\n").has_value());
  ASSERT_TRUE(reader.end().has_value());
  EXPECT_TRUE(reader.may_resume());
  reader.begin(head(200, "text/event-stream"));
  ASSERT_TRUE(reader.take("id: e2\ndata: {\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{}}\n\n").has_value());
  EXPECT_TRUE(reader.is_complete());
  EXPECT_FALSE(reader.may_resume());
}

TEST(McpAnswer, OfAnErrorMayBeAnything) {
  const auto reader = read(head(502, "text/html", {{"Retry-After", "7"}}), "<html>Bad gateway</html>");
  EXPECT_EQ(reader.reply().status, 502);
  EXPECT_EQ(reader.reply().retry_after, std::chrono::seconds(7));
  EXPECT_FALSE(reader.is_complete());
}

TEST(McpAnswer, OfASuccessMustBeJsonRpc) {
  for (const std::string_view body : {"<html>", "{}", "[1]", R"({"jsonrpc":"2.0","id":7,"result":3})"}) {
    AnswerReader reader(RequestId(7));
    reader.begin(head(200, "application/json"));
    ASSERT_TRUE(reader.take(body).has_value());
    EXPECT_FALSE(reader.end().has_value()) << body;
  }
}

TEST(McpAnswer, HasALimit) {
  AnswerReader reader(RequestId(7));
  reader.begin(head(200, "application/json"));
  ASSERT_TRUE(reader.take(std::string(AnswerReader::kMostBytes, ' ')).has_value());
  EXPECT_FALSE(reader.take(" ").has_value());
}

}  // namespace
}  // namespace kriya::mcp::client
