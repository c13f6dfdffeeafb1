#include "audit/tool_call_endpoints.h"

namespace kriya::audit {
namespace {

using http::Caller;
using http::Method;
using http::RateLimit;

// Reading the record costs a query.
const RateLimit kReadLimit{.name = "tool-calls-read", .scope = RateLimit::Scope::principal, .requests = 600};

ToolCallRecord example_record() {
  return {.timestamp = *parse_rfc3339("2026-11-21T09:30:00Z"),
          .session_id = "019aa5f4-7c00-7a3e-9d53-0d5c1b2e4f61",
          .tool_name = "add",
          .arguments = {{"a", 5}, {"b", 3}},
          .status = CallStatus::success,
          .duration_ms = 1.25,
          .result = "8",
          .metadata = {{"protocol_version", "2026-07-28"}},
          .user_id = *Uuid::parse("019aa5f4-7c00-7a3e-9d53-0d5c1b2e4f62"),
          .client_id = {},
          .via = "mcp",
          .upstream = {},
          .decision = "allowed",
          .error_kind = {},
          .request_id = "019aa5f47c007a3e",
          .trace_id = {},
          .client_address = "203.0.113.7",
          .argument_bytes = 13,
          .result_bytes = 1,
          .redactions = 0,
          .id = *Uuid::parse("019aa5f4-7c00-7a3e-9d53-0d5c1b2e4f60")};
}

}  // namespace

void add_tool_call_endpoints(http::Router& router, access::Principals& principals, ToolCallHistory& history) {
  router.add(
      Method::get, "/api/tool-calls",
      http::Endpoint<ToolCallQuery, ToolCallPage>{
          .summary = "The log of tool calls, newest first",
          .description = "Your own calls; all of them with the scope `tool-calls:read`. Secrets and codes are "
                         "taken out, and long results cut.",
          .tag = "Agent",
          .access = {access::require_principal(principals)},
          .limits = {kReadLimit},
          .errors = {Errc::unavailable, Errc::overloaded},
          .example_answer = ToolCallPage{{example_record()}, example_record().id},
          .handle = [&](const ToolCallQuery& query,
                        const Caller& caller) { return history.list(query, *caller.principal, caller.deadline); },
      });
}

}  // namespace kriya::audit
