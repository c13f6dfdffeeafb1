// SQL with typed values, written once for every engine.
//
// The portable subset: parameters are $1, $2, ... (a number may repeat); RETURNING, ON CONFLICT and CTEs are fine;
// times, ids and random values come as parameters, never from SQL functions. An engine maps the types:
//
//   C++          SQLite                          PostgreSQL
//   Uuid         TEXT, 36 characters             uuid
//   Timestamp    INTEGER, microseconds           timestamptz
//   bool         INTEGER 0/1                     boolean
//   int64        INTEGER                         bigint
//   std::string  TEXT                            text, varchar, json, jsonb
//   vector<T>    JSON text, `= ANY($1)` only     uuid[], text[]
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "base/uuid.h"

namespace kriya::storage {

/// What a statement does, which decides where it may run.
enum class Use {
  lookup,  // reads a few rows through an index
  scan,    // reads, and may take long
  write,   // changes rows; durable once it has returned
};

/// One SQL text. Statements are constants with static storage: engines keep the prepared form under the address of
/// `sql`.
struct Statement {
  Use use;
  const char* sql;
};

using Value = std::variant<std::monostate, bool, std::int64_t, std::string, Uuid, Timestamp, std::vector<Uuid>,
                           std::vector<std::string>>;

template <class T>
Value optional_value(const std::optional<T>& value) {
  return value ? Value(*value) : Value();
}

/// PostgreSQL keeps no text with a NUL character, and so no engine does: one that took it here would lose it there.
bool holds_nul(const Value& value);
Error text_holds_nul();

/// A statement with its values, for a transaction.
struct BoundStatement {
  Statement statement;
  std::vector<Value> values;
};

/// What a statement gave back.
class Rows {
 public:
  std::size_t size() const { return columns_ == 0 ? 0 : cells_.size() / columns_; }
  bool empty() const { return size() == 0; }

  /// Rows changed by a write.
  std::int64_t affected() const { return affected_; }

  /// One cell. T may be std::optional for a column that may be NULL. Throws std::runtime_error when the stored value is
  /// no T: the schema and the code then disagree, which is a bug or a damaged file.
  template <class T>
  T get(std::size_t row, std::size_t column) const {
    const Value& cell = cells_.at(row * columns_ + column);
    if constexpr (requires {
                    typename T::value_type;
                    T(std::nullopt);
                  }) {
      if (std::holds_alternative<std::monostate>(cell)) return std::nullopt;
      return convert<typename T::value_type>(cell);
    } else {
      return convert<T>(cell);
    }
  }

  /// No rows, of the same columns.
  Rows none() const { return Rows(columns_); }

  /// One row by itself, moved out: its cells here are spent.
  Rows take_row(std::size_t row);

  // For engines.
  explicit Rows(std::size_t columns = 0) : columns_(columns) {}
  void add_cell(Value cell) { cells_.push_back(std::move(cell)); }
  const Value& cell(std::size_t row, std::size_t column) const { return cells_[row * columns_ + column]; }
  void reserve(std::size_t rows) { cells_.reserve(rows * columns_); }
  void set_affected(std::int64_t affected) { affected_ = affected; }

 private:
  template <class T>
  static T convert(const Value& cell);

  std::size_t columns_;
  std::vector<Value> cells_;
  std::int64_t affected_ = 0;
};

template <>
bool Rows::convert<bool>(const Value& cell);
template <>
std::int64_t Rows::convert<std::int64_t>(const Value& cell);
template <>
std::string Rows::convert<std::string>(const Value& cell);
template <>
Uuid Rows::convert<Uuid>(const Value& cell);
template <>
Timestamp Rows::convert<Timestamp>(const Value& cell);

/// Whether the statement that had this outcome changed a row.
Result<bool> changed(const Result<Rows>& rows);

}  // namespace kriya::storage
