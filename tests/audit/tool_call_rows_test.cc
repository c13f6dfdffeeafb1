#include "audit/tool_call_rows.h"

#include <gtest/gtest.h>

#include "audit/tool_call_history.h"
#include "audit/tool_call_lines.h"
#include "tests/support/failing_database.h"
#include "tests/support/fake_clock.h"
#include "tests/support/test_database.h"
#include "tests/support/tool_calls.h"

namespace kriya::audit {
namespace {

using tests::soon;

class ToolCallRowsTest : public ::testing::TestWithParam<tests::Engine> {
 protected:
  std::unique_ptr<FileToolLog> open() {
    return FileToolLog::open(
               {.folder = folder_.path() / "logs", .master_key = Secret("a master key of more than enough bytes")},
               database_.log(), metrics_)
        .value();
  }
  ToolCallEntry entry(const std::string& tool = "add") {
    clock_.advance(std::chrono::seconds(1));
    return tests::tool_call(clock_.now(), tool);
  }
  void add(ToolCallEntry entry) {
    const std::vector<ToolCallEntry> one{std::move(entry)};
    ASSERT_TRUE(run_to_completion(store_.add(one, soon())));
  }
  std::vector<std::string> bodies(ToolCallFilter filter = {}) {
    std::vector<std::string> found;
    const auto all = run_to_completion(store_.list(std::move(filter), soon())).value();
    for (const auto& one : all) {
      found.push_back(json_body(one));
    }
    return found;
  }
  std::vector<std::string> tools(ToolCallFilter filter) {
    std::vector<std::string> found;
    const auto all = run_to_completion(store_.list(std::move(filter), soon())).value();
    for (const auto& one : all) {
      found.push_back(one.tool_name);
    }
    return found;
  }

  using Found = std::vector<std::string>;
  tests::FakeClock clock_;
  tests::TemporaryFolder folder_;
  telemetry::Metrics metrics_;
  tests::TestDatabase database_{GetParam()};
  ToolCallStore store_{*database_};
};

INSTANTIATE_TEST_SUITE_P(Engines, ToolCallRowsTest, tests::every_engine(), tests::engine_name);

TEST_P(ToolCallRowsTest, HoldWhatTheLinesHold) {
  const auto files = open();
  asio::io_context context;
  ToolCallRows rows(context, *files, *database_, database_.log());
  ToolCallEntry first = entry();
  first.user_id = crypto::new_uuid(clock_.now());
  first.result = std::string("nul \0 and \xff", 11);
  files->append(first);
  const ToolCallEntry second = entry("other");
  files->append(second);
  EXPECT_EQ(run_to_completion(rows.step()), 2U);
  EXPECT_EQ(run_to_completion(rows.step()), 0U);
  first.result = well_formed(first.result);
  EXPECT_EQ(bodies(), (Found{json_body(second), json_body(first)}));
}

TEST_P(ToolCallRowsTest, AreShownWithTheDurationThatTheLinesHave) {
  ToolCallEntry quick = entry();
  quick.duration = std::chrono::microseconds(24);
  add(quick);
  const auto found = run_to_completion(store_.list({}, soon())).value();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_NE(json_body(found.front()).find(R"("duration_ms":0.024,)"), std::string::npos);
  EXPECT_NE(schema::write(record_of(found.front())).find(R"("duration_ms":0.024,)"), std::string::npos);
}

TEST_P(ToolCallRowsTest, ComeWhenTheDatabaseIsBack) {
  const auto files = open();
  tests::FailingDatabase failing(*database_);
  asio::io_context context;
  ToolCallRows rows(context, *files, failing, database_.log());
  files->append(entry());
  failing.be_read_only(true);
  EXPECT_EQ(run_to_completion(rows.step()), 0U);
  files->append(entry());
  failing.be_read_only(false);
  EXPECT_EQ(run_to_completion(rows.step()), 1U);
  EXPECT_EQ(run_to_completion(rows.step()), 1U);
  EXPECT_EQ(bodies().size(), 2U);
}

TEST_P(ToolCallRowsTest, ComeAfterACrashOnceAndNoMore) {
  open()->append(entry());  // and the process ends before its row is made
  for (int start = 0; start < 2; ++start) {
    const auto files = open();
    asio::io_context context;
    ToolCallRows rows(context, *files, *database_, database_.log());
    EXPECT_EQ(run_to_completion(rows.step()), start == 0 ? 1U : 0U);
    EXPECT_EQ(bodies().size(), 1U);
  }
  std::filesystem::remove(folder_.path() / "logs" / "tool_calls.head");
  const auto files = open();
  asio::io_context context;
  ToolCallRows rows(context, *files, *database_, database_.log());
  EXPECT_EQ(run_to_completion(rows.step()), 2U) << "it cannot know that the first is a row already";
  EXPECT_EQ(bodies().size(), 2U) << "the call, and the note that the head was gone";
}

TEST_P(ToolCallRowsTest, AreAllThereWhenTheLoopHasEnded) {
  const auto files = open();
  asio::io_context context;
  ToolCallRows rows(context, *files, *database_, database_.log());
  for (int i = 0; i < 600; ++i) files->append(entry());
  rows.stop();
  run_to_completion([](ToolCallRows& loop) -> Task<int> {
    co_await loop.run();
    co_return 0;
  }(rows));
  EXPECT_EQ(bodies({.limit = 1000}).size(), 600U);
}

TEST_P(ToolCallRowsTest, CanBeSearched) {
  const Uuid user = crypto::new_uuid(clock_.now());
  ToolCallEntry one = entry("a");
  one.user_id = user;
  one.success = false;
  add(one);
  ToolCallEntry two = entry("b");
  two.client_id = "client-2";
  add(two);
  ToolCallEntry three = entry("a");
  three.session_id = "session-2";
  add(three);
  EXPECT_EQ(tools({}), (Found{"a", "b", "a"}));
  EXPECT_EQ(tools({.limit = 2}), (Found{"a", "b"}));
  EXPECT_EQ(tools({.before = three.id}), (Found{"b", "a"}));
  EXPECT_EQ(tools({.user_id = user}), Found{"a"});
  EXPECT_EQ(tools({.user_id = user, .tool_name = "b"}), Found{});
  EXPECT_EQ(tools({.client_id = "client-2"}), Found{"b"});
  EXPECT_EQ(tools({.client_id = "client-1", .of_no_user = true}), Found{"a"});
  EXPECT_EQ(tools({.tool_name = "a"}), (Found{"a", "a"}));
  EXPECT_EQ(tools({.session_id = "session-2"}), Found{"a"});
  EXPECT_EQ(tools({.success = false}), Found{"a"});
  EXPECT_EQ(tools({.from = two.at}), (Found{"a", "b"}));
  EXPECT_EQ(tools({.until = two.at}), Found{"a"});
  EXPECT_EQ(tools({.from = two.at, .until = three.at}), Found{"b"});
}

TEST_P(ToolCallRowsTest, AreShownToWhoMayAskAlone) {
  const Uuid user = crypto::new_uuid(clock_.now());
  const Uuid other = crypto::new_uuid(clock_.now());
  const auto add_call = [&](const std::string& tool, std::optional<Uuid> of, const std::string& client) {
    ToolCallEntry one = entry(tool);
    one.user_id = of;
    one.client_id = client;
    add(one);
  };
  add_call("of-user", user, "");
  add_call("of-user-by-program", user, "program");
  add_call("of-other", other, "");
  add_call("of-program", {}, "program");
  ToolCallHistory history(*database_);
  const auto seen = [&](const http::Principal& principal, ToolCallQuery query = {}) {
    Found found;
    const auto page = run_to_completion(history.list(query, principal, soon())).value();
    for (const auto& record : page.tool_calls) {
      found.push_back(record.tool_name);
    }
    return found;
  };
  EXPECT_EQ(seen({.user_id = user}), (Found{"of-user-by-program", "of-user"}));
  EXPECT_EQ(seen({.user_id = user, .client_id = "program"}), (Found{"of-user-by-program", "of-user"}));
  EXPECT_EQ(seen({.client_id = "program"}), Found{"of-program"});
  EXPECT_EQ(seen({}), Found{});
  EXPECT_EQ(seen({.user_id = user, .scope = "messages:read tool-calls:read"}).size(), 4U);
  ToolCallQuery of_other;
  of_other.user_id = other;
  EXPECT_EQ(seen({.user_id = user}, of_other), Found{});
  EXPECT_EQ(seen({.client_id = "program"}, of_other), Found{});
  EXPECT_EQ(seen({.user_id = user, .scope = "tool-calls:read"}, of_other), Found{"of-other"});
}

TEST_P(ToolCallRowsTest, ComeInPages) {
  for (int i = 0; i < 5; ++i) add(entry(std::to_string(i)));
  ToolCallHistory history(*database_);
  const http::Principal principal{.scope = "tool-calls:read"};
  ToolCallQuery query;
  query.limit = 2;
  Found found;
  do {
    const auto page = run_to_completion(history.list(query, principal, soon())).value();
    EXPECT_LE(page.tool_calls.size(), 2U);
    for (const auto& record : page.tool_calls) found.push_back(record.tool_name);
    query.before = page.next;
  } while (query.before);
  EXPECT_EQ(found, (Found{"4", "3", "2", "1", "0"}));
  query.limit = 201;
  EXPECT_EQ(run_to_completion(history.list(query, principal, soon())).error().code, Errc::invalid_fields);
}

}  // namespace
}  // namespace kriya::audit
