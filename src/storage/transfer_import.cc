#include <algorithm>
#include <map>
#include <set>

#include "base/json.h"
#include "storage/transfer.h"
#include "storage/transfer_tables.h"

namespace kriya::storage {
namespace {

using Kind = TransferColumn::Kind;

constexpr std::size_t kBatch = 500;
constexpr std::int64_t kFormat = 1;

Deadline batch_deadline() { return Deadline::after(std::chrono::seconds(60)); }

std::string at_line(std::int64_t line) { return "line " + std::to_string(line) + ": "; }

/// A row of the file that waits to be stored.
struct Pending {
  std::int64_t line;
  std::vector<Value> values;
};

/// What a member holds, or nothing when it is of another kind.
std::optional<Value> read_cell(const json::value& member, Kind kind) {
  if (kind == Kind::integer) {
    if (const auto* number = member.if_int64()) return Value(std::int64_t{*number});
    return std::nullopt;
  }
  const auto* text = member.if_string();
  if (text == nullptr) return std::nullopt;
  switch (kind) {
    case Kind::uuid:
      if (const auto uuid = Uuid::parse(*text)) return Value(*uuid);
      return std::nullopt;
    case Kind::time:
      if (const auto time = parse_rfc3339(*text)) return Value(*time);
      return std::nullopt;
    default:
      if (text->find('\0') != text->npos) return std::nullopt;  // PostgreSQL cannot hold it
      return Value(std::string(*text));
  }
}

const char* in_words(Kind kind) {
  switch (kind) {
    case Kind::uuid:
      return "a UUID of 36 characters";
    case Kind::time:
      return "a time like 2026-11-21T09:30:00.123456Z";
    case Kind::integer:
      return "a whole number of 64 bits";
    case Kind::text:
      return "text without NUL";
  }
  return "";
}

/// The values of a row in the order of the table's columns; the error is what is wrong with it.
tl::expected<std::vector<Value>, std::string> read_row(const TransferTable& table, const json::object& row) {
  std::vector<Value> values;
  std::size_t known = 0;
  for (const TransferColumn& column : table.columns()) {
    const std::string name = std::string(table.name()) + "." + column.name;
    const json::value* member = row.if_contains(column.name);
    if (member != nullptr) ++known;
    if (member == nullptr || member->is_null()) {
      if (!column.nullable) return tl::unexpected(name + " is missing");
      values.emplace_back();
    } else if (auto cell = read_cell(*member, column.kind)) {
      values.push_back(*std::move(cell));
    } else {
      return tl::unexpected(name + " is not " + in_words(column.kind));
    }
  }
  if (known == row.size()) return values;
  for (const auto& member : row) {
    const auto same = [&](const TransferColumn& column) { return member.key() == column.name; };
    if (std::ranges::none_of(table.columns(), same)) {
      return tl::unexpected("'" + std::string(member.key()).substr(0, 60) + "' is no column of " + table.name());
    }
  }
  return values;
}

const TransferTable* find_table(const json::value* name) {
  const auto* text = name == nullptr ? nullptr : name->if_string();
  if (text == nullptr) return nullptr;
  const auto found = std::ranges::find_if(transfer_tables(), [&](const auto& table) { return *text == table.name(); });
  return found == transfer_tables().end() ? nullptr : &*found;
}

std::vector<Value> unique_values(const TransferTable& table, const Pending& row) {
  std::vector<Value> values;
  for (const std::size_t column : table.unique()) values.push_back(row.values[column]);
  return values;
}

std::string unique_names(const TransferTable& table) {
  std::string names;
  for (const std::size_t column : table.unique()) {
    names += (names.empty() ? "" : " and ") + std::string(table.columns()[column].name);
  }
  return names;
}

class Importer {
 public:
  Importer(Database& database, int schema_version, const LineSource& read, const TransferProgress& progress)
      : database_(database), schema_version_(schema_version), read_(read), progress_(progress) {}

  Task<Result<ImportCount>> run() {
    if (auto header = read_header(); !header) co_return fail(header.error());
    for (;;) {
      auto line = next_line();
      if (!line) co_return fail(line.error());
      if (const json::value* end = line->if_contains("end"); end != nullptr) {
        if (auto stored = co_await store_batch(); !stored) co_return fail(stored.error());
        if (auto whole = check_end(*line); !whole) co_return fail(whole.error());
        co_return count_;
      }
      if (auto added = co_await add(std::move(*line)); !added) co_return fail(added.error());
    }
  }

 private:
  tl::unexpected<Error> bad_line(const std::string& what) const {
    return fail(Errc::bad_request, at_line(line_number_) + what + ".");
  }

  /// An end of the file is an error here: the line that tells its end comes before.
  Result<json::object> next_line() {
    auto text = read_();
    if (!text) return fail(text.error());
    if (!*text) {
      return fail(Errc::bad_request, line_number_ == 0
                                         ? "The file is empty."
                                         : "The file is cut off after line " + std::to_string(line_number_) +
                                               ": its last line is missing.");
    }
    ++line_number_;
    auto value = parse_json(**text);
    if (!value) return bad_line("this is no JSON");
    if (!value->is_object()) return bad_line("this is no JSON object");
    return std::move(value->as_object());
  }

  Result<void> read_header() {
    const auto header = next_line();
    if (!header) return fail(header.error());
    const json::value* format = header->if_contains("kriya_export");
    const json::value* version = header->if_contains("schema_version");
    if (format == nullptr || version == nullptr || !version->is_int64()) {
      return bad_line("this is no file of kriya export");
    }
    if (*format != kFormat || version->as_int64() > schema_version_) {
      return bad_line("the file is of schema version " + std::to_string(version->as_int64()) +
                      ", newer than this kriya knows (" + std::to_string(schema_version_) + "); use the newer kriya");
    }
    return {};
  }

  Result<void> check_end(const json::object& end) {
    const json::value* rows = end.if_contains("rows");
    if (rows == nullptr || *rows != rows_) {
      return bad_line("the file has " + std::to_string(rows_) + " rows, and its end tells of another number");
    }
    const auto more = read_();
    if (!more) return fail(more.error());
    if (*more) return bad_line("something follows the end of the export");
    return {};
  }

  Task<Result<void>> add(json::object line) {
    const TransferTable* table = find_table(line.if_contains("table"));
    const json::value* row = line.if_contains("row");
    if (table == nullptr) co_return bad_line("it names no table that this kriya knows");
    if (row == nullptr || !row->is_object()) co_return bad_line("it holds no row");
    auto values = read_row(*table, row->as_object());
    if (!values) co_return bad_line(values.error());
    if (table != table_ || batch_.size() == kBatch) {
      if (auto stored = co_await store_batch(); !stored) co_return fail(stored.error());
      if (table != table_) rows_of_table_ = 0;
      table_ = table;
    }
    batch_.push_back({line_number_, *std::move(values)});
    ++rows_;
    co_return Result<void>();
  }

  Task<Result<void>> store_batch() {
    if (batch_.empty()) co_return Result<void>();
    std::vector<BoundStatement> inserts;
    for (const Pending& row : batch_) inserts.push_back({table_->insert(), row.values});
    const auto done = co_await database_.transact(std::move(inserts), batch_deadline());
    if (!done) co_return fail(co_await explain(done.error()));
    std::vector<const Pending*> unchanged;
    for (std::size_t i = 0; i < batch_.size(); ++i) {
      if ((*done)[i].affected() > 0) {
        ++count_.inserted;
      } else {
        unchanged.push_back(&batch_[i]);
      }
    }
    if (auto counted = co_await count_unchanged(std::move(unchanged)); !counted) co_return fail(counted.error());
    rows_of_table_ += static_cast<std::int64_t>(batch_.size());
    progress_(table_->name(), rows_of_table_);
    batch_.clear();
    co_return Result<void>();
  }

  /// A row that was not inserted is there already, or its parent is not.
  Task<Result<void>> count_unchanged(std::vector<const Pending*> rows) {
    if (rows.empty()) co_return Result<void>();
    auto present = static_cast<std::int64_t>(rows.size());
    if (table_->parent()) {
      const Value keys =
          table_->columns().front().kind == Kind::uuid ? keys_of<Uuid>(rows) : keys_of<std::string>(rows);
      const auto found = co_await database_.run(table_->present(), {keys}, batch_deadline());
      if (!found) co_return fail(found.error());
      present = static_cast<std::int64_t>(found->size());
    }
    count_.already_there += present;
    count_.without_parent += static_cast<std::int64_t>(rows.size()) - present;
    co_return Result<void>();
  }

  template <class Key>
  static Value keys_of(const std::vector<const Pending*>& rows) {
    std::vector<Key> keys;
    for (const Pending* row : rows) keys.push_back(std::get<Key>(row->values.front()));
    return keys;
  }

  /// Which line the database refused the batch for. The batch was not stored, so there is time to ask row by row.
  Task<Error> explain(Error refusal) {
    const std::string lines =
        "lines " + std::to_string(batch_.front().line) + " to " + std::to_string(batch_.back().line) + ": ";
    if (refusal.code != Errc::conflict || table_->unique().empty()) {
      co_return Error{refusal.code, lines + refusal.detail};
    }
    std::map<std::vector<Value>, const Pending*> seen;
    for (const Pending& row : batch_) {
      const Value& key = row.values.front();
      const auto [first, fresh] = seen.emplace(unique_values(*table_, row), &row);
      if (!fresh && first->second->values.front() != key) {
        co_return Error{Errc::conflict, at_line(row.line) + "its " + unique_names(*table_) + " is that of line " +
                                            std::to_string(first->second->line) + " too, under another id."};
      }
      const auto holder = co_await database_.run(table_->holder(), unique_values(*table_, row), batch_deadline());
      if (!holder) co_return holder.error();
      if (!holder->empty() && !is_key(*holder, key)) {
        co_return Error{Errc::conflict, at_line(row.line) + "its " + unique_names(*table_) +
                                            " belongs to another row of " + table_->name() +
                                            " in the database, of id " + text_of_key(*holder) + "."};
      }
    }
    co_return Error{refusal.code, lines + refusal.detail};
  }

  bool is_key(const Rows& holder, const Value& key) const {
    if (const Uuid* uuid = std::get_if<Uuid>(&key)) return holder.get<Uuid>(0, 0) == *uuid;
    return holder.get<std::string>(0, 0) == std::get<std::string>(key);
  }

  std::string text_of_key(const Rows& holder) const {
    if (table_->columns().front().kind == Kind::uuid) return holder.get<Uuid>(0, 0).str();
    return holder.get<std::string>(0, 0);
  }

  Database& database_;
  const int schema_version_;
  const LineSource& read_;
  const TransferProgress& progress_;
  std::int64_t line_number_ = 0;
  std::int64_t rows_ = 0;
  std::int64_t rows_of_table_ = 0;
  const TransferTable* table_ = nullptr;
  std::vector<Pending> batch_;
  ImportCount count_;
};

}  // namespace

Task<Result<ImportCount>> import_all(Database& database, int schema_version, LineSource read,
                                     TransferProgress progress) {
  Importer importer(database, schema_version, read, progress);
  co_return co_await importer.run();
}

}  // namespace kriya::storage
