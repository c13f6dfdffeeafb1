#include "mcp/client/negotiation.h"

#include <gtest/gtest.h>

namespace kriya::mcp::client {
namespace {

Reply result(json::object content, std::string session = {}) {
  return {.status = 200, .response = RpcResponse{RequestId(1), std::move(content)}, .session_id = std::move(session)};
}

Reply error(int status, std::int64_t code, json::value data = nullptr) {
  return {.status = status,
          .response = RpcResponse{RequestId(1), tl::unexpected(RpcError{code, "no", std::move(data)})}};
}

Verdict judge(const Reply& reply) { return judge_discovery(reply, "2026-07-28").value(); }

TEST(McpDiscovery, OfAModernServerAgreesAtOnce) {
  const auto verdict = judge(result({{"supportedVersions", {"2027-01-01", "2026-07-28", "2025-11-25"}},
                                     {"instructions", "Be kind."},
                                     {"_meta", {{"io.modelcontextprotocol/serverInfo", {{"name", "peer"}}}}}}));
  const auto& agreement = std::get<Agreement>(verdict);
  EXPECT_EQ(agreement.version, "2026-07-28");
  EXPECT_EQ(agreement.era(), Era::modern);
  EXPECT_EQ(agreement.server_info.at("name").as_string(), "peer");
  EXPECT_EQ(agreement.instructions, "Be kind.");
}

TEST(McpDiscovery, TakesAVersionThatARefusalOffers) {
  const auto again = judge(error(400, -32022, {{"supported", {"2026-07-28"}}}));
  EXPECT_EQ(std::get<AskAgain>(again).version, "2026-07-28");
  const auto legacy = judge(error(400, -32022, {{"supported", {"2025-06-18"}}}));
  EXPECT_TRUE(std::holds_alternative<BeginSession>(legacy));
}

TEST(McpDiscovery, WithoutAVersionInCommonFails) {
  EXPECT_FALSE(judge_discovery(error(400, -32022, {{"supported", {"2030-01-01"}}}), "2026-07-28").has_value());
  EXPECT_FALSE(judge_discovery(result({{"supportedVersions", {"2024-11-05"}}}), "2026-07-28").has_value());
}

TEST(McpDiscovery, TakesAnythingThatIsNotModernForALegacyServer) {
  const Reply replies[] = {error(200, -32601), error(400, -32000), error(404, -32601),
                           error(200, -32602), {.status = 400},    {.status = 404},
                           {.status = 405},    {.status = 406},    result({{"tools", {}}})};
  for (const Reply& reply : replies) EXPECT_TRUE(std::holds_alternative<BeginSession>(judge(reply))) << reply.status;
}

TEST(McpDiscovery, DoesNotTakeARefusalForAnEra) {
  for (const int status : {401, 403, 429, 500, 503}) {
    EXPECT_FALSE(judge_discovery({.status = status}, "2026-07-28").has_value()) << status;
  }
  EXPECT_EQ(judge_discovery({.status = 401}, "2026-07-28").error().code, Errc::missing_token);
}

TEST(McpInitialize, AgreesDownToTheFirstStreamableVersion) {
  for (const char* version : {"2025-11-25", "2025-06-18", "2025-03-26"}) {
    const auto agreement = judge_initialize(result({{"protocolVersion", version}}, "s1"));
    ASSERT_TRUE(agreement.has_value()) << version;
    EXPECT_EQ(agreement->version, version);
    EXPECT_EQ(agreement->session_id, "s1");
  }
  for (const char* version : {"2024-11-05", "2026-07-28", "yesterday"}) {
    EXPECT_FALSE(judge_initialize(result({{"protocolVersion", version}})).has_value()) << version;
  }
}

TEST(McpAgreement, IsOverWhenTheSessionIsGone) {
  const Agreement with_session{.version = "2025-11-25", .session_id = "s1"};
  const Agreement without{.version = "2025-11-25"};
  EXPECT_TRUE(is_over(with_session, {.status = 404}));
  EXPECT_TRUE(is_over(with_session, error(404, -32001)));
  EXPECT_FALSE(is_over(without, {.status = 404}));
  EXPECT_FALSE(is_over(with_session, error(200, -32602)));
}

TEST(McpAgreement, IsOverWhenTheServerChangedItsEra) {
  const Agreement modern{.version = "2026-07-28"};
  EXPECT_TRUE(is_over(modern, error(400, -32000)));
  EXPECT_TRUE(is_over(modern, error(400, -32022)));
  EXPECT_TRUE(is_over(modern, {.status = 400}));
  EXPECT_FALSE(is_over(modern, error(400, -32020)));
  EXPECT_FALSE(is_over(modern, error(404, -32601)));
  EXPECT_FALSE(is_over(modern, {.status = 503}));
}

}  // namespace
}  // namespace kriya::mcp::client
