// All data of a database as JSON Lines, out of one engine and into another.
//
//   {"kriya_export":1,"schema_version":3,"created_at":"2026-11-21T09:30:00Z"}
//   {"table":"users","row":{"id":"...","phone_number":"+14155550123", ...}}          one line a row, parents first
//   {"end":true,"rows":1}                                                            so that a cut file is noticed
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "storage/database.h"

namespace kriya::storage {

constexpr std::size_t kLongestTransferLine = 1 << 20;  // bytes

/// Takes one line without its end.
using LineSink = std::function<Result<void>(std::string_view)>;

/// Gives the next line without its end; nothing after the last.
using LineSource = std::function<Result<std::optional<std::string>>()>;

/// Told after every batch: the table and how many of its rows are done.
using TransferProgress = std::function<void(std::string_view table, std::int64_t rows)>;

/// Writes every row. While others write, the rows of a page are of one moment, those of two pages are not: a token
/// whose user came after the users were read has no parent in the file, and import leaves it out. Returns the number of
/// rows. Errors: those of Database and of `write`.
Task<Result<std::int64_t>> export_all(Database& database, int schema_version, Timestamp now, LineSink write,
                                      TransferProgress progress);

struct ImportCount {
  std::int64_t inserted = 0;
  std::int64_t already_there = 0;   // by their key; they stay as they are
  std::int64_t without_parent = 0;  // tokens of users that are not there: left out
};

/// Stores the rows in batches, each all or nothing, so that an import that was stopped may simply run again. Errors,
/// each naming the line: bad_request for a line or file that is none of these or is of a newer schema, conflict for a
/// row whose phone number (or other unique value) another row has; those of Database and of `read`.
Task<Result<ImportCount>> import_all(Database& database, int schema_version, LineSource read,
                                     TransferProgress progress);

}  // namespace kriya::storage
