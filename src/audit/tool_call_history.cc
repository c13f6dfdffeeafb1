#include "audit/tool_call_history.h"

#include <algorithm>

#include "access/session_lookup.h"

namespace kriya::audit {
namespace {

constexpr std::int64_t kUsualPage = 50;
constexpr std::int64_t kLongestPage = 200;
constexpr std::size_t kLongestWord = 256;
constexpr const char* kScope = "tool-calls:read";

Result<void> check(const ToolCallQuery& query) {
  schema::FieldErrors errors;
  const auto check_word = [&](std::string_view name, const std::optional<std::string>& word) {
    errors.inside(name, [&] {
      if (word && (word->empty() || word->size() > kLongestWord)) errors.add("must be 1 to 256 bytes");
    });
  };
  check_word("tool_name", query.tool_name);
  check_word("client_id", query.client_id);
  check_word("session_id", query.session_id);
  errors.inside("limit", [&] {
    if (query.limit && (*query.limit < 1 || *query.limit > kLongestPage)) errors.add("must be 1 to 200");
  });
  if (errors.empty()) return {};
  return fail(std::move(errors).as_error());
}

/// Whether what is asked for can be among the principal's own calls; narrows the filter down to these.
bool narrow_to_own(ToolCallFilter& filter, const http::Principal& principal) {
  if (principal.user_id) {
    if (filter.user_id && *filter.user_id != *principal.user_id) return false;
    filter.user_id = principal.user_id;
    return true;
  }
  if (filter.user_id || (filter.client_id && *filter.client_id != principal.client_id)) return false;
  filter.client_id = principal.client_id;
  filter.of_no_user = true;
  return !principal.client_id.empty();
}

}  // namespace

ToolCallRecord record_of(ToolCallEntry entry) {
  return {.timestamp = entry.at,
          .session_id = std::move(entry.session_id),
          .tool_name = std::move(entry.tool_name),
          .arguments = std::move(entry.arguments),
          .status = entry.success ? CallStatus::success : CallStatus::error,
          .duration_ms = static_cast<double>(std::max<std::int64_t>(entry.duration.count(), 0)) / 1000,
          .result = std::move(entry.result),
          .metadata = std::move(entry.metadata),
          .user_id = entry.user_id,
          .client_id = std::move(entry.client_id),
          .via = std::move(entry.via),
          .upstream = std::move(entry.upstream),
          .decision = std::move(entry.decision),
          .error_kind = std::move(entry.error_kind),
          .request_id = std::move(entry.request_id),
          .trace_id = std::move(entry.trace_id),
          .client_address = std::move(entry.client_address),
          .argument_bytes = entry.argument_bytes,
          .result_bytes = entry.result_bytes,
          .redactions = entry.redactions,
          .id = entry.id};
}

Task<Result<ToolCallPage>> ToolCallHistory::list(ToolCallQuery query, http::Principal principal, Deadline deadline) {
  if (auto good = check(query); !good) co_return fail(std::move(good.error()));
  const std::int64_t limit = query.limit.value_or(kUsualPage);
  ToolCallFilter filter{.before = query.before,
                        .from = query.from,
                        .until = query.until,
                        .user_id = query.user_id,
                        .client_id = std::move(query.client_id),
                        .tool_name = std::move(query.tool_name),
                        .session_id = std::move(query.session_id),
                        .success = {},
                        .limit = limit + 1};  // one more tells whether there is a next page
  if (query.status) filter.success = *query.status == CallStatus::success;
  if (!access::has_scope(principal.scope, kScope) && !narrow_to_own(filter, principal)) co_return ToolCallPage{};
  auto found = co_await store_.list(std::move(filter), deadline);
  if (!found) co_return fail(std::move(found.error()));
  ToolCallPage page;
  for (ToolCallEntry& entry : *found) page.tool_calls.push_back(record_of(std::move(entry)));
  if (static_cast<std::int64_t>(page.tool_calls.size()) > limit) {
    page.tool_calls.pop_back();
    page.next = page.tool_calls.back().id;
  }
  co_return page;
}

}  // namespace kriya::audit
