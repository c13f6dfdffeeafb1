#include "audit/tool_call_store.h"

#include "audit/tool_call_lines.h"

namespace kriya::audit {
namespace {

using storage::optional_value;
using storage::Rows;
using storage::Statement;
using storage::Use;

#define KRIYA_TOOL_CALL_COLUMNS                                                                                 \
  "id, at, user_id, client_id, session_id, via, tool_name, upstream, arguments, status, decision, error_kind, " \
  "duration_us, result, argument_bytes, result_bytes, redactions, request_id, trace_id, client_address, metadata"

constexpr Statement kInsert{
    Use::write, "INSERT INTO tool_calls (" KRIYA_TOOL_CALL_COLUMNS
                ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, "
                "$19, $20, $21) ON CONFLICT (id) DO NOTHING"};

// One text for each index that a page can come from; whatever else is asked for is looked at row by row.
#define KRIYA_TOOL_CALL_PAGE(condition)                                                                        \
  "SELECT " KRIYA_TOOL_CALL_COLUMNS                                                                            \
  " FROM tool_calls WHERE id < $1 AND id >= $2 AND at >= $3 AND at < $4 AND ($5 = '' OR status = $5) "         \
  "AND ($6 = '' OR tool_name = $6) AND ($7 = '' OR client_id = $7) AND ($8 = '' OR session_id = $8)" condition \
  " ORDER BY id DESC LIMIT $9"
constexpr Statement kPageOfAll{Use::scan, KRIYA_TOOL_CALL_PAGE("")};
constexpr Statement kPageOfUser{Use::scan, KRIYA_TOOL_CALL_PAGE(" AND user_id = $10")};
constexpr Statement kPageOfClient{Use::scan, KRIYA_TOOL_CALL_PAGE(" AND client_id = $10")};
constexpr Statement kPageOfProgram{Use::scan, KRIYA_TOOL_CALL_PAGE(" AND client_id = $10 AND user_id IS NULL")};
constexpr Statement kPageOfTool{Use::scan, KRIYA_TOOL_CALL_PAGE(" AND tool_name = $10")};

/// Ids are in the order of time but for this, so that a span of time is a span of ids, too.
constexpr std::chrono::hours kClockSlack{1};
constexpr Timestamp kLastTime{253'402'300'799'000'000};  // 9999-12-31T23:59:59Z

Uuid first_id_from(Timestamp time) {
  const Timestamp from = time - kClockSlack;
  return from.micros <= 0 ? Uuid() : Uuid::v7(from, {});
}

Uuid last_id() {
  std::array<std::uint8_t, 16> bytes{};
  bytes.fill(0xff);
  return Uuid::from_bytes(bytes);
}

std::vector<storage::Value> row_of(const ToolCallEntry& entry) {
  return {entry.id,
          entry.at,
          optional_value(entry.user_id),
          well_formed(entry.client_id),
          well_formed(entry.session_id),
          well_formed(entry.via),
          well_formed(entry.tool_name),
          well_formed(entry.upstream),
          write_json(entry.arguments),
          std::string(entry.success ? "success" : "error"),
          well_formed(entry.decision),
          well_formed(entry.error_kind),
          static_cast<std::int64_t>(entry.duration.count()),
          well_formed(entry.result),
          entry.argument_bytes,
          entry.result_bytes,
          entry.redactions,
          well_formed(entry.request_id),
          well_formed(entry.trace_id),
          well_formed(entry.client_address),
          write_json(entry.metadata)};
}

json::object object_in(const std::string& text) {
  const json::value document = parse_own(text);
  const json::object* object = document.if_object();
  return object == nullptr ? json::object() : json::object(*object, json::storage_ptr());
}

ToolCallEntry entry_at(const Rows& rows, std::size_t row) {
  return {.id = rows.get<Uuid>(row, 0),
          .at = rows.get<Timestamp>(row, 1),
          .session_id = rows.get<std::string>(row, 4),
          .tool_name = rows.get<std::string>(row, 6),
          .arguments = object_in(rows.get<std::string>(row, 8)),
          .success = rows.get<std::string>(row, 9) == "success",
          .duration = std::chrono::microseconds(rows.get<std::int64_t>(row, 12)),
          .result = rows.get<std::string>(row, 13),
          .metadata = object_in(rows.get<std::string>(row, 20)),
          .user_id = rows.get<std::optional<Uuid>>(row, 2),
          .client_id = rows.get<std::string>(row, 3),
          .via = rows.get<std::string>(row, 5),
          .upstream = rows.get<std::string>(row, 7),
          .decision = rows.get<std::string>(row, 10),
          .error_kind = rows.get<std::string>(row, 11),
          .request_id = rows.get<std::string>(row, 17),
          .trace_id = rows.get<std::string>(row, 18),
          .client_address = rows.get<std::string>(row, 19),
          .argument_bytes = rows.get<std::int64_t>(row, 14),
          .result_bytes = rows.get<std::int64_t>(row, 15),
          .redactions = rows.get<std::int64_t>(row, 16)};
}

}  // namespace

Task<Result<void>> ToolCallStore::add(const std::vector<ToolCallEntry>& entries, Deadline deadline) {
  std::vector<storage::BoundStatement> statements;
  for (const ToolCallEntry& entry : entries) statements.push_back({kInsert, row_of(entry)});
  const auto rows = co_await database_.transact(std::move(statements), deadline);
  if (!rows) co_return fail(rows.error());
  co_return Result<void>();
}

Task<Result<std::vector<ToolCallEntry>>> ToolCallStore::list(ToolCallFilter filter, Deadline deadline) {
  const Timestamp from = filter.from.value_or(Timestamp());
  const Timestamp until = filter.until.value_or(kLastTime);
  Uuid before = filter.before.value_or(last_id());
  if (filter.until) before = std::min(before, first_id_from(until + 2 * kClockSlack));
  const std::string status = filter.success ? (*filter.success ? "success" : "error") : "";
  std::vector<storage::Value> values{before,
                                     filter.from ? first_id_from(from) : Uuid(),
                                     from,
                                     until,
                                     status,
                                     filter.tool_name.value_or(""),
                                     filter.client_id.value_or(""),
                                     filter.session_id.value_or(""),
                                     filter.limit};
  const Statement* page = &kPageOfAll;
  if (filter.user_id) {
    page = &kPageOfUser;
    values.emplace_back(*filter.user_id);
  } else if (filter.client_id) {
    page = filter.of_no_user ? &kPageOfProgram : &kPageOfClient;
    values.emplace_back(*filter.client_id);
  } else if (filter.tool_name) {
    page = &kPageOfTool;
    values.emplace_back(*filter.tool_name);
  }
  const auto rows = co_await database_.run(*page, std::move(values), deadline);
  if (!rows) co_return fail(rows.error());
  std::vector<ToolCallEntry> entries;
  for (std::size_t i = 0; i < rows->size(); ++i) entries.push_back(entry_at(*rows, i));
  co_return entries;
}

}  // namespace kriya::audit
