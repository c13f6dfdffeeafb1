#include "mcp/tool_offer.h"

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "mcp/protocol.h"
#include "runtime/io_threads.h"

namespace kriya::mcp {
namespace {

/// One tool, and what it was called with.
class OneTool final : public tools::ToolSource {
 public:
  Task<Result<std::vector<std::shared_ptr<const tools::ToolSpec>>>> list(http::Principal, Deadline) override {
    co_return std::vector<std::shared_ptr<const tools::ToolSpec>>{std::make_shared<tools::ToolSpec>(spec)};
  }

  Task<Result<tools::ToolResult>> call(tools::ToolCall call, tools::CallContext given) override {
    if (call.name != spec.name) co_return fail(Errc::not_found, "No such tool.");
    context = std::move(given);
    context->progress(1, 2, "half");
    tools::ToolResult result = tools::ToolResult::of_text("8");
    result.structured = json::object{{"sum", 8}};
    co_return result;
  }

  tools::ToolSpec spec{.name = "add",
                       .title = "Add",
                       .description = "Adds two numbers.",
                       .input_schema = {{"type", "object"},
                                        {"x-mcp-header", "no"},
                                        {"properties", {{"a", {{"type", "integer"}, {"x-mcp-header", "A"}}}}}},
                       .output_schema = json::object{{"type", "object"}},
                       .annotations = {.read_only = true}};
  std::optional<tools::CallContext> context;
};

class Heard final : public Conversation {
 public:
  void progress(double done, std::optional<double>, std::string) override { heard = done; }
  void log(LogLevel, std::string, json::value) override {}
  Task<tl::expected<json::object, RpcError>> ask(std::string, json::object) override { co_return json::object(); }
  void let_client_poll() override {}

  double heard = 0;
};

class ToolOfferTest : public ::testing::Test {
 protected:
  Asker asker(std::string_view version) {
    Asker asker{.principal = {}, .deadline = Deadline::after(std::chrono::seconds(5)), .version = version};
    asker.client = {{"name", "inspector"}};
    asker.session_id = "a session";
    asker.trace_id = "4bf92f3577b34da6a3ce929d0e0e4736";
    asker.conversation = conversation_;
    return asker;
  }

  Outcome call(const Asker& asker, std::string name) {
    return run_to_completion(offer_.call_tool(asker, std::move(name), {{"a", 5}}, {}));
  }

  Outcome read(std::string uri, std::string_view version = version::k2026_07_28) {
    const Asker who = asker(version);
    return run_to_completion(offer_.read_resource(who, std::move(uri), {}));
  }

  OneTool tools_;
  std::shared_ptr<Heard> conversation_ = std::make_shared<Heard>();
  ToolOffer offer_{tools_, {.version = "1.2.3"}};
};

TEST_F(ToolOfferTest, DescribesAToolInTheWordsOfEachVersion) {
  const json::object old = describe_tool(tools_.spec, version::k2025_03_26);
  EXPECT_FALSE(old.contains("title"));
  EXPECT_FALSE(old.contains("outputSchema"));
  EXPECT_EQ(old.at("annotations").at("readOnlyHint"), true);
  const json::object now = describe_tool(tools_.spec, version::k2025_06_18);
  EXPECT_EQ(now.at("title"), "Add");
  EXPECT_EQ(now.at("outputSchema").at("type"), "object");
  EXPECT_EQ(json::serialize(now.at("inputSchema")), R"({"type":"object","properties":{"a":{"type":"integer"}}})");
}

TEST_F(ToolOfferTest, GivesStructuredContentWhereTheVersionKnowsIt) {
  const Outcome old = call(asker(version::k2025_03_26), "add");
  EXPECT_FALSE(std::get<json::object>(old).contains("structuredContent"));
  EXPECT_EQ(std::get<json::object>(old).at("content").at(0).at("text"), "8");
  const Outcome now = call(asker(version::k2026_07_28), "add");
  EXPECT_EQ(std::get<json::object>(now).at("structuredContent").at("sum"), 8);
}

TEST_F(ToolOfferTest, TellsTheToolWhoCalls) {
  call(asker(version::k2026_07_28), "add");
  ASSERT_TRUE(tools_.context);
  EXPECT_EQ(tools_.context->via, "mcp");
  EXPECT_EQ(tools_.context->session_id, "a session");
  EXPECT_EQ(tools_.context->trace_id, "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(tools_.context->metadata,
            (json::object{
                {"model", nullptr}, {"api", nullptr}, {"protocol_version", "2026-07-28"}, {"client", "inspector"}}));
  EXPECT_EQ(conversation_->heard, 1);
}

TEST_F(ToolOfferTest, AnUnknownToolIsAnErrorOfTheParams) {
  const Outcome outcome = call(asker(version::k2025_11_25), "subtract");
  EXPECT_EQ(std::get<RpcError>(outcome).code, rpc_code::kInvalidParams);
}

TEST_F(ToolOfferTest, GreetsWhomTheUriNames) {
  const auto greeting = [&](std::string uri) {
    const Outcome outcome = read(std::move(uri));
    return std::string(std::get<json::object>(outcome).at("contents").at(0).at("text").as_string());
  };
  EXPECT_EQ(greeting("greeting://Asha"), "Hello, Asha!");
  EXPECT_EQ(greeting("greeting://J%C3%BCrgen%20A+B"), "Hello, Jürgen A+B!");
}

TEST_F(ToolOfferTest, OtherResourcesAreNotFoundInTheWordsOfEachEra) {
  for (const char* uri : {"greeting://", "greeting://%ff", "greeting://a%0ab", "greeting://%", "file:///etc/passwd"}) {
    EXPECT_EQ(std::get<RpcError>(read(uri)).code, rpc_code::kInvalidParams) << uri;
    EXPECT_EQ(std::get<RpcError>(read(uri, version::k2025_11_25)).code, rpc_code::kLegacyResourceNotFound) << uri;
  }
}

}  // namespace
}  // namespace kriya::mcp
