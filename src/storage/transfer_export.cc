#include "base/json.h"
#include "base/text.h"
#include "storage/transfer.h"
#include "storage/transfer_tables.h"

namespace kriya::storage {
namespace {

using Kind = TransferColumn::Kind;

constexpr std::int64_t kPage = 1000;

Deadline page_deadline() { return Deadline::after(std::chrono::seconds(60)); }

/// False when a text is no UTF-8, which JSON could not hold.
bool append_cell(std::string& line, const Rows& rows, std::size_t row, std::size_t column, Kind kind) {
  switch (kind) {
    case Kind::uuid:
      append_json_string(line, rows.get<Uuid>(row, column).str());
      return true;
    case Kind::time:
      append_json_string(line, to_rfc3339(rows.get<Timestamp>(row, column)));
      return true;
    case Kind::integer:
      append_json_number(line, rows.get<std::int64_t>(row, column));
      return true;
    case Kind::text: {
      const auto text = rows.get<std::string>(row, column);
      if (!utf8_length(text)) return false;
      append_json_string(line, text);
      return true;
    }
  }
  return false;
}

bool is_null(const Rows& rows, std::size_t row, std::size_t column, Kind kind) {
  switch (kind) {
    case Kind::uuid:
      return !rows.get<std::optional<Uuid>>(row, column);
    case Kind::time:
      return !rows.get<std::optional<Timestamp>>(row, column);
    case Kind::integer:
      return !rows.get<std::optional<std::int64_t>>(row, column);
    case Kind::text:
      return !rows.get<std::optional<std::string>>(row, column);
  }
  return true;
}

Result<std::string> line_of(const TransferTable& table, const Rows& rows, std::size_t row) {
  std::string line = "{\"table\":\"" + std::string(table.name()) + "\",\"row\":{";
  for (std::size_t i = 0; i < table.columns().size(); ++i) {
    const TransferColumn& column = table.columns()[i];
    line.append(i == 0 ? "\"" : ",\"").append(column.name).append("\":");
    if (column.nullable && is_null(rows, row, i, column.kind)) {
      line += "null";
    } else if (!append_cell(line, rows, row, i, column.kind)) {
      return fail(Errc::conflict, std::string(table.name()) + "." + column.name +
                                      " of a row is no UTF-8, so it cannot be exported; the row begins " + line);
    }
  }
  return line + "}}";
}

/// The key of the last row, for the next page.
Value last_key(const TransferTable& table, const Rows& page) {
  if (table.columns().front().kind == Kind::uuid) return page.get<Uuid>(page.size() - 1, 0);
  return page.get<std::string>(page.size() - 1, 0);
}

Task<Result<std::int64_t>> export_table(Database& database, const TransferTable& table, const LineSink& write,
                                        const TransferProgress& progress) {
  std::int64_t done = 0;
  auto page = co_await database.run(table.first_page(), {kPage}, page_deadline());
  for (;;) {
    if (!page) co_return fail(page.error());
    for (std::size_t row = 0; row < page->size(); ++row) {
      const auto line = line_of(table, *page, row);
      if (!line) co_return fail(line.error());
      if (auto written = write(*line); !written) co_return fail(written.error());
    }
    done += static_cast<std::int64_t>(page->size());
    if (!page->empty()) progress(table.name(), done);
    if (static_cast<std::int64_t>(page->size()) < kPage) co_return done;
    page = co_await database.run(table.next_page(), {last_key(table, *page), kPage}, page_deadline());
  }
}

}  // namespace

Task<Result<std::int64_t>> export_all(Database& database, int schema_version, Timestamp now, LineSink write,
                                      TransferProgress progress) {
  const auto begun = write("{\"kriya_export\":1,\"schema_version\":" + std::to_string(schema_version) +
                           ",\"created_at\":\"" + to_rfc3339(now) + "\"}");
  if (!begun) co_return fail(begun.error());
  std::int64_t rows = 0;
  for (const TransferTable& table : transfer_tables()) {
    const auto done = co_await export_table(database, table, write, progress);
    if (!done) co_return fail(done.error());
    rows += *done;
  }
  if (auto ended = write("{\"end\":true,\"rows\":" + std::to_string(rows) + "}"); !ended) {
    co_return fail(ended.error());
  }
  co_return rows;
}

}  // namespace kriya::storage
