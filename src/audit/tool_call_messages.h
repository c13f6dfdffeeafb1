// The bodies of the tool log's API.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "audit/tool_log.h"
#include "schema/described.h"

namespace kriya::audit {

enum class CallStatus { success, error };
BOOST_DESCRIBE_ENUM(CallStatus, success, error)

/// One call as the log knows it: redacted, its result cut.
struct ToolCallRecord {
  Timestamp timestamp;
  std::string session_id;
  std::string tool_name;
  json::object arguments;
  CallStatus status = CallStatus::success;
  double duration_ms = 0;  // to the microsecond, as in the files
  std::string result;
  json::object metadata;
  std::optional<Uuid> user_id;
  std::string client_id;  // empty: the person's own app
  std::string via;        // mcp, chat (a model called), command (a person typed it)
  std::string upstream;   // empty: a tool of ours
  std::string decision;   // allowed, approved, denied, none
  std::string error_kind;
  std::string request_id;
  std::string trace_id;
  std::string client_address;
  std::int64_t argument_bytes = 0;
  std::int64_t result_bytes = 0;  // before it was cut
  std::int64_t redactions = 0;    // places where something was taken out
  Uuid id;
};
BOOST_DESCRIBE_STRUCT(ToolCallRecord, (),
                      (timestamp, session_id, tool_name, arguments, status, duration_ms, result, metadata, user_id,
                       client_id, via, upstream, decision, error_kind, request_id, trace_id, client_address,
                       argument_bytes, result_bytes, redactions, id))

/// Query of GET /api/tool-calls.
struct ToolCallQuery {
  std::optional<std::string> tool_name;
  std::optional<CallStatus> status;
  std::optional<Uuid> user_id;
  std::optional<std::string> client_id;
  std::optional<std::string> session_id;
  std::optional<Timestamp> from;      // at that time or later
  std::optional<Timestamp> until;     // earlier than that
  std::optional<Uuid> before;         // older than this one: `next` of the page before
  std::optional<std::int64_t> limit;  // 1 to 200, else 50
};
BOOST_DESCRIBE_STRUCT(ToolCallQuery, (),
                      (tool_name, status, user_id, client_id, session_id, from, until, before, limit))

struct ToolCallPage {
  std::vector<ToolCallRecord> tool_calls;  // newest first
  std::optional<Uuid> next;                // `before` of the next page; null: there is none
};
BOOST_DESCRIBE_STRUCT(ToolCallPage, (), (tool_calls, next))

ToolCallRecord record_of(ToolCallEntry entry);

}  // namespace kriya::audit
