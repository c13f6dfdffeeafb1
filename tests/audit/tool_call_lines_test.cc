#include "audit/tool_call_lines.h"

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/text.h"
#include "tests/support/fake_clock.h"
#include "tests/support/tool_calls.h"

namespace kriya::audit {
namespace {

ToolCallEntry full_entry() {
  ToolCallEntry entry = tests::tool_call(tests::FakeClock().now());
  entry.id = *Uuid::parse("019aa5f4-7c00-7a3e-9d53-0d5c1b2e4f60");
  entry.user_id = *Uuid::parse("019aa5f4-7c00-7a3e-9d53-0d5c1b2e4f61");
  entry.upstream = "other";
  entry.error_kind = "tool";
  entry.trace_id = "4bf92f3577b34da6a3ce929d0e0e4736";
  entry.redactions = 2;
  return entry;
}

TEST(ToolCallLines, HaveTheOriginalFieldsFirstAndInTheirOrder) {
  EXPECT_EQ(json_body(full_entry()) + "}",
            R"({"timestamp":"2026-11-21T09:30:00Z","session_id":"session-1","tool_name":"add",)"
            R"("arguments":{"a":5,"b":3},"status":"success","duration_ms":1.25,"result":"8",)"
            R"("metadata":{"model":"none"},"user_id":"019aa5f4-7c00-7a3e-9d53-0d5c1b2e4f61","client_id":"client-1",)"
            R"("via":"mcp","upstream":"other","decision":"allowed","error_kind":"tool","request_id":"request-1",)"
            R"("trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","client_address":"203.0.113.7","argument_bytes":13,)"
            R"("result_bytes":1,"redactions":2,"id":"019aa5f4-7c00-7a3e-9d53-0d5c1b2e4f60"})");
}

TEST(ToolCallLines, CanBeReadBack) {
  for (const bool success : {true, false}) {
    ToolCallEntry entry = full_entry();
    entry.success = success;
    entry.user_id.reset();
    const auto read = read_json_line(json_body(entry) + "}");
    ASSERT_TRUE(read);
    EXPECT_EQ(json_body(*read), json_body(entry));
  }
}

TEST(ToolCallLines, KeepToOneLineWhateverIsInThem) {
  ToolCallEntry entry = full_entry();
  entry.result = "8\n2026-11-21T09:30:01Z success forged\r\x1b[2J\xe2\x80\xa8\xe2\x80\xae\xc2\x85";
  entry.tool_name = "add\nforged";
  entry.session_id = "a\" via=\"b";
  entry.arguments = {{"x\n", "\xe2\x80\xae"}};
  const std::string line = readable_body(entry);
  EXPECT_FALSE(has_control_character(line)) << line;
  EXPECT_NE(line.find(R"(-> 8\n2026-11-21T09:30:01Z success forged\u000d\u001b[2J\u2028\u202e\u0085)"),
            std::string::npos)
      << line;
  EXPECT_NE(line.find(R"(session="a\" via=\"b")"), std::string::npos) << line;
  EXPECT_EQ(json_body(entry).find('\n'), std::string::npos);
}

RC_GTEST_PROP(ToolCallLines, AreWellFormedForAnyBytes, (const std::string& result, const std::string& name)) {
  ToolCallEntry entry = full_entry();
  entry.result = result;
  entry.tool_name = name;
  const std::string line = json_body(entry) + "}";
  const auto read = read_json_line(line);
  RC_ASSERT(read.has_value());
  RC_ASSERT(line.find('\n') == std::string::npos);
  const std::string readable = readable_body(entry);
  RC_ASSERT(utf8_length(readable).has_value());
  RC_ASSERT(!has_control_character(readable));
}

TEST(ToolCallLines, AreCutBetweenCharacters) {
  EXPECT_EQ(cut("aä", 2), "a");
  EXPECT_EQ(cut("aä", 3), "aä");
  EXPECT_EQ(well_formed(std::string("a\xff") + '\0' + "b"),
            "a\xef\xbf\xbd\xef\xbf\xbd"
            "b");
}

}  // namespace
}  // namespace kriya::audit
