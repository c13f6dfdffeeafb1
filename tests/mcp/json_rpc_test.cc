#include "mcp/json_rpc.h"

#include <gtest/gtest.h>

#include "mcp/protocol.h"

namespace kriya::mcp {
namespace {

template <class T>
const T& as(const tl::expected<RpcMessage, Malformed>& message) {
  return std::get<T>(message.value());
}

TEST(JsonRpc, TellsRequestsNotificationsAndResponsesApart) {
  const auto request = parse_message(R"({"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"add"}})");
  EXPECT_EQ(as<RpcRequest>(request).id, RequestId(std::int64_t{7}));
  EXPECT_EQ(as<RpcRequest>(request).method, "tools/call");
  EXPECT_EQ(as<RpcRequest>(request).params.at("name"), "add");

  const auto notification = parse_message(R"({"jsonrpc":"2.0","method":"notifications/initialized"})");
  EXPECT_EQ(as<RpcNotification>(notification).method, "notifications/initialized");
  EXPECT_TRUE(as<RpcNotification>(notification).params.empty());

  const auto response = parse_message(R"({"jsonrpc":"2.0","id":"a","result":{"ok":true}})");
  EXPECT_EQ(as<RpcResponse>(response).id, RequestId(std::string("a")));
  EXPECT_TRUE(as<RpcResponse>(response).outcome.value().at("ok").as_bool());

  const auto failure = parse_message(R"({"jsonrpc":"2.0","id":null,"error":{"code":-1,"message":"no","data":[1]}})");
  EXPECT_FALSE(as<RpcResponse>(failure).id);
  EXPECT_EQ(as<RpcResponse>(failure).outcome.error().code, -1);
  EXPECT_EQ(as<RpcResponse>(failure).outcome.error().data, json::array{1});
}

TEST(JsonRpc, TheNumberOneAndTheTextOneAreTwoIds) {
  EXPECT_NE(*read_request_id(1), *read_request_id("1"));
  EXPECT_EQ(write_result(*read_request_id("1"), {}), R"({"jsonrpc":"2.0","id":"1","result":{}})");
}

TEST(JsonRpc, SaysWhatIsNoJsonAndWhatIsNoMessage) {
  EXPECT_EQ(parse_message("{").error().error.code, rpc_code::kParseError);
  EXPECT_EQ(parse_message(std::string(100, '[')).error().error.code, rpc_code::kParseError);
  for (const std::string_view text : {
           R"([])",
           R"(7)",
           R"({})",
           R"({"jsonrpc":"1.0","id":1,"method":"x"})",
           R"({"jsonrpc":"2.0","id":1})",
           R"({"jsonrpc":"2.0","id":null,"method":"x"})",
           R"({"jsonrpc":"2.0","id":1.5,"method":"x"})",
           R"({"jsonrpc":"2.0","id":{},"method":"x"})",
           R"({"jsonrpc":"2.0","id":1,"method":7})",
           R"({"jsonrpc":"2.0","id":1,"method":""})",
           R"({"jsonrpc":"2.0","id":1,"method":"x","params":[1]})",
           R"({"jsonrpc":"2.0","id":1,"result":7})",
           R"({"jsonrpc":"2.0","result":{}})",
           R"({"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":"m"}})",
           R"({"jsonrpc":"2.0","id":1,"error":{"code":"1","message":"m"}})",
           R"({"jsonrpc":"2.0","id":[],"result":{}})",
       }) {
    const auto message = parse_message(text);
    ASSERT_FALSE(message) << text;
    EXPECT_EQ(message.error().error.code, rpc_code::kInvalidRequest) << text;
  }
}

TEST(JsonRpc, AnswersWhatIsNoMessageUnderItsOwnId) {
  const auto message = parse_message(R"({"jsonrpc":"2.0","id":9,"method":"x","params":[]})");
  EXPECT_EQ(message.error().id, RequestId(std::int64_t{9}));
  EXPECT_EQ(write_error(message.error().id, {-32600, "no"}),
            R"({"jsonrpc":"2.0","id":9,"error":{"code":-32600,"message":"no"}})");
  EXPECT_EQ(write_error({}, {-32700, "no", json::object{{"at", 1}}}),
            R"({"jsonrpc":"2.0","error":{"code":-32700,"message":"no","data":{"at":1}}})");
}

TEST(JsonRpc, ReadsWhatItWrites) {
  const auto request = parse_message(write_request(RequestId(std::string("é\n")), "m", {{"deep", {1, 2}}}));
  EXPECT_EQ(as<RpcRequest>(request).id, RequestId(std::string("é\n")));
  EXPECT_EQ(as<RpcRequest>(request).params.at("deep"), (json::array{1, 2}));
  EXPECT_EQ(write_notification("n"), R"({"jsonrpc":"2.0","method":"n"})");
}

}  // namespace
}  // namespace kriya::mcp
