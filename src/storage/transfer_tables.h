// What `kriya export` and `kriya import` move: the one description of the tables that hold data.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "storage/statement.h"

namespace kriya::storage {

/// A column; its JSON member bears the same name. A uuid and a text are strings, an integer is a number, a time is
/// RFC 3339 with microseconds, a NULL is null.
struct TransferColumn {
  enum class Kind { uuid, text, integer, time };

  const char* name;
  Kind kind;
  bool nullable = false;
};

/// A table and its SQL. The first column is the key. Lives as long as the program: engines keep statements prepared
/// under the address of their text.
class TransferTable {
 public:
  struct Parent {
    const char* table;
    std::size_t column;  // of this table, which holds the parent's id
  };

  /// `unique`: the columns that together are one row's own, beside the key; may be empty.
  TransferTable(const char* name, std::vector<TransferColumn> columns, std::vector<std::size_t> unique,
                std::optional<Parent> parent = {});

  const char* name() const { return name_; }
  std::span<const TransferColumn> columns() const { return columns_; }
  std::span<const std::size_t> unique() const { return unique_; }
  const std::optional<Parent>& parent() const { return parent_; }

  Statement first_page() const { return {Use::scan, first_page_.c_str()}; }  // $1: how many rows
  Statement next_page() const { return {Use::scan, next_page_.c_str()}; }    // $1: the last key, $2: how many rows

  /// All columns in order. Changes nothing when the key is there already, or when the parent is not.
  Statement insert() const { return {Use::write, insert_.c_str()}; }

  Statement present() const { return {Use::scan, present_.c_str()}; }  // which of the keys $1 are there

  /// The key of the row that has these unique values.
  Statement holder() const { return {Use::lookup, holder_.c_str()}; }

 private:
  const char* name_;
  std::vector<TransferColumn> columns_;
  std::vector<std::size_t> unique_;
  std::optional<Parent> parent_;
  std::string first_page_, next_page_, insert_, present_, holder_;
};

/// Parents come before their children. schema_migrations, instances and locks are no data.
std::span<const TransferTable> transfer_tables();

}  // namespace kriya::storage
