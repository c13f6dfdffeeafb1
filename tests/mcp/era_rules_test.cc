#include "mcp/era_rules.h"

#include <gtest/gtest.h>

namespace kriya::mcp {
namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

http::Request post(const Headers& headers) {
  http::Request request;
  request.set_start("POST", "/mcp", 1);
  for (const auto& [name, value] : headers) request.add_header(name, value);
  return request;
}

RpcMessage message(std::string_view method, std::string_view params = "{}") {
  return *parse_message(R"({"jsonrpc":"2.0","id":1,"method":")" + std::string(method) + R"(","params":)" +
                        std::string(params) + "}");
}

constexpr std::string_view kModernMeta = R"({"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",
                                              "io.modelcontextprotocol/clientCapabilities":{}}})";

TEST(EraRules, MetaOfTheModernEraDecidesWhateverTheHeadersSay) {
  EXPECT_EQ(era_of(post({}), message("tools/list", kModernMeta)), Era::modern);
  EXPECT_EQ(era_of(post({{"Mcp-Session-Id", "s"}}), message("tools/list", kModernMeta)), Era::modern);
  EXPECT_EQ(era_of(post({}), message("initialize", kModernMeta)), Era::modern);
}

TEST(EraRules, WithoutItTheMethodTheSessionAndTheVersionDecide) {
  EXPECT_EQ(era_of(post({{"MCP-Protocol-Version", "2026-07-28"}}), message("initialize")), Era::legacy);
  EXPECT_EQ(era_of(post({}), message("server/discover")), Era::modern);
  EXPECT_EQ(era_of(post({}), message("tools/list")), Era::legacy);
  EXPECT_EQ(era_of(post({{"MCP-Protocol-Version", "2025-06-18"}}), message("tools/list")), Era::legacy);
  EXPECT_EQ(era_of(post({{"MCP-Protocol-Version", "2026-07-28"}}), message("tools/list")), Era::modern);
  EXPECT_EQ(era_of(post({{"MCP-Protocol-Version", "2026-07-28"}, {"Mcp-Session-Id", "s"}}), message("tools/list")),
            Era::legacy);
  EXPECT_EQ(era_of(post({{"MCP-Protocol-Version", "2026-07-28"}}), RpcMessage(RpcResponse{{}, json::object()})),
            Era::legacy);
}

/// The code that a modern request is refused with; 0: it is not.
std::int64_t code_of(const Headers& headers, std::string_view method, std::string_view params) {
  const RpcMessage parsed = message(method, params);
  const auto checked = check_modern(post(headers), method, *params_of(parsed));
  if (checked) return 0;
  EXPECT_EQ(checked.error().status, 400);
  return checked.error().error.code;
}

TEST(EraRules, AModernRequestMustBringItsMeta) {
  const Headers headers{{"MCP-Protocol-Version", "2026-07-28"}, {"Mcp-Method", "tools/list"}};
  EXPECT_EQ(code_of(headers, "tools/list", kModernMeta), 0);
  EXPECT_EQ(code_of(headers, "tools/list", "{}"), rpc_code::kInvalidParams);
  EXPECT_EQ(code_of(headers, "tools/list", R"({"_meta":7})"), rpc_code::kInvalidParams);
  EXPECT_EQ(code_of(headers, "tools/list", R"({"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}})"),
            rpc_code::kInvalidParams);
  EXPECT_EQ(code_of(headers, "tools/list", R"({"_meta":{"io.modelcontextprotocol/clientCapabilities":{}}})"),
            rpc_code::kInvalidParams);
}

TEST(EraRules, ItsHeadersMustSayWhatItsBodySays) {
  const std::string call = R"({"name":"grüß","arguments":{},)" + std::string(kModernMeta.substr(1));
  const auto code = [&](const Headers& headers) { return code_of(headers, "tools/call", call); };
  const std::pair<std::string, std::string> version{"MCP-Protocol-Version", "2026-07-28"};
  const std::pair<std::string, std::string> method{"mcp-method", "tools/call"};
  const std::pair<std::string, std::string> name{"mcp-name", encode_header_value("grüß")};
  EXPECT_EQ(code({version, method, name}), 0);
  EXPECT_EQ(code({method, name}), rpc_code::kHeaderMismatch);
  EXPECT_EQ(code({{"MCP-Protocol-Version", "2025-11-25"}, method, name}), rpc_code::kHeaderMismatch);
  EXPECT_EQ(code({version, name}), rpc_code::kHeaderMismatch);
  EXPECT_EQ(code({version, {"Mcp-Method", "Tools/call"}, name}), rpc_code::kHeaderMismatch);
  EXPECT_EQ(code({version, method}), rpc_code::kHeaderMismatch);
  EXPECT_EQ(code({version, method, {"Mcp-Name", "gruss"}}), rpc_code::kHeaderMismatch);
  EXPECT_EQ(code({version, method, name, name}), rpc_code::kHeaderMismatch);
}

TEST(EraRules, AVersionThatIsNotModernIsUnsupportedHere) {
  for (const std::string asked : {"1900-01-01", "2025-11-25", "2027-01-01"}) {
    const std::string params = R"({"_meta":{"io.modelcontextprotocol/protocolVersion":")" + asked +
                               R"(","io.modelcontextprotocol/clientCapabilities":{}}})";
    EXPECT_EQ(code_of({{"MCP-Protocol-Version", asked}, {"Mcp-Method", "tools/list"}}, "tools/list", params),
              rpc_code::kUnsupportedVersion);
  }
  const json::object data = unsupported_version("x").error.data.as_object();
  EXPECT_EQ(data.at("requested"), "x");
  EXPECT_EQ(data.at("supported").as_array().front(), "2026-07-28");
}

TEST(EraRules, ParameterHeadersMustRepeatTheArguments) {
  const std::vector<HeaderParameter> parameters{{"Region", {"region"}}, {"Limit", {"page", "limit"}}};
  const auto good = [&](const Headers& headers, std::string_view arguments) {
    return check_parameter_headers(post(headers), parse_json(arguments)->as_object(), parameters).has_value();
  };
  EXPECT_TRUE(good({}, "{}"));
  EXPECT_TRUE(good({}, R"({"region":null,"page":7})"));
  EXPECT_TRUE(
      good({{"Mcp-Param-Region", "eu"}, {"mcp-param-limit", "42"}}, R"({"region":"eu","page":{"limit":42.0}})"));
  EXPECT_TRUE(good({{"Mcp-Param-Region", "=?base64?ZXU=?="}}, R"({"region":"eu"})"));
  EXPECT_FALSE(good({}, R"({"region":"eu"})"));
  EXPECT_FALSE(good({{"Mcp-Param-Region", "eu"}}, "{}"));
  EXPECT_FALSE(good({{"Mcp-Param-Region", "us"}}, R"({"region":"eu"})"));
  EXPECT_FALSE(good({{"Mcp-Param-Region", "=?base64?ZXU?="}}, R"({"region":"eu"})"));
  EXPECT_FALSE(good({{"Mcp-Param-Region", "eu"}, {"Mcp-Param-Limit", "4x"}}, R"({"region":"eu","page":{"limit":4}})"));
}

TEST(EraRules, NegotiatesALegacyVersion) {
  EXPECT_EQ(negotiate("2025-03-26"), "2025-03-26");
  EXPECT_EQ(negotiate("2025-06-18"), "2025-06-18");
  EXPECT_EQ(negotiate("2024-11-05"), "2025-11-25");
  EXPECT_EQ(negotiate("2026-07-28"), "2025-11-25");
}

TEST(EraRules, NamesTheCapabilitiesThatAClientDidNotDeclare) {
  const json::object requests{{"a", {{"method", "sampling/createMessage"}}}, {"b", {{"method", "roots/list"}}}};
  EXPECT_EQ(undeclared(requests, {{"roots", json::object()}}), (json::object{{"sampling", json::object()}}));
  EXPECT_TRUE(undeclared(requests, {{"roots", json::object()}, {"sampling", json::object()}}).empty());
}

TEST(EraRules, ReadsTraceIds) {
  const std::string id = "4bf92f3577b34da6a3ce929d0e0e4736";
  EXPECT_EQ(trace_id("00-" + id + "-00f067aa0ba902b7-01"), id);
  EXPECT_EQ(trace_id("00-" + std::string(32, '0') + "-00f067aa0ba902b7-01"), "");
  EXPECT_EQ(trace_id("ff-" + id + "-00f067aa0ba902b7-01"), "");
  EXPECT_EQ(trace_id("00-" + id), "");
  EXPECT_EQ(trace_id(""), "");
}

}  // namespace
}  // namespace kriya::mcp
