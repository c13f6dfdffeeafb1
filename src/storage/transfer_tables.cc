#include "storage/transfer_tables.h"

namespace kriya::storage {
namespace {

using Kind = TransferColumn::Kind;

std::string parameter(std::size_t index) { return "$" + std::to_string(index + 1); }

template <class Range, class TextOf>
std::string joined(const Range& range, const char* separator, TextOf text_of) {
  std::string text;
  for (const auto& entry : range) text += (text.empty() ? "" : separator) + text_of(entry);
  return text;
}

}  // namespace

TransferTable::TransferTable(const char* name, std::vector<TransferColumn> columns, std::vector<std::size_t> unique,
                             std::optional<Parent> parent)
    : name_(name), columns_(std::move(columns)), unique_(std::move(unique)), parent_(parent) {
  const std::string table = name_;
  const std::string key = columns_.front().name;
  const std::string names =
      joined(columns_, ", ", [](const TransferColumn& column) { return std::string(column.name); });
  const std::string select = "SELECT " + names + " FROM " + table;
  first_page_ = select + " ORDER BY " + key + " LIMIT $1";
  next_page_ = select + " WHERE " + key + " > $1 ORDER BY " + key + " LIMIT $2";

  std::size_t index = 0;
  const std::string values = joined(columns_, ", ", [&](const TransferColumn&) { return parameter(index++); });
  insert_ = "INSERT INTO " + table + " (" + names + ") ";
  if (parent_) {
    insert_ += "SELECT " + values + " WHERE EXISTS (SELECT 1 FROM " + parent_->table +
               " WHERE id = " + parameter(parent_->column) + ")";
  } else {
    insert_ += "VALUES (" + values + ")";
  }
  insert_ += " ON CONFLICT (" + key + ") DO NOTHING";

  present_ = "SELECT " + key + " FROM " + table + " WHERE " + key + " = ANY($1)";
  index = 0;
  holder_ = "SELECT " + key + " FROM " + table + " WHERE " + joined(unique_, " AND ", [&](std::size_t column) {
              return std::string(columns_[column].name) + " = " + parameter(index++);
            });
}

std::span<const TransferTable> transfer_tables() {
  static const std::vector<TransferTable> tables = [] {
    std::vector<TransferTable> all;
    all.emplace_back("users",
                     std::vector<TransferColumn>{{"id", Kind::uuid},
                                                 {"phone_number", Kind::text},
                                                 {"first_name", Kind::text},
                                                 {"last_name", Kind::text, true},
                                                 {"email", Kind::text, true},
                                                 {"token_version", Kind::integer},
                                                 {"created_at", Kind::time},
                                                 {"updated_at", Kind::time}},
                     std::vector<std::size_t>{1});
    all.emplace_back("issued_tokens",
                     std::vector<TransferColumn>{{"id", Kind::uuid},
                                                 {"user_id", Kind::uuid},
                                                 {"token_hash", Kind::text},
                                                 {"issued_at", Kind::time},
                                                 {"expires_at", Kind::time},
                                                 {"client_address", Kind::text},
                                                 {"user_agent", Kind::text}},
                     std::vector<std::size_t>{}, TransferTable::Parent{"users", 1});
    all.emplace_back("signing_keys",
                     std::vector<TransferColumn>{{"id", Kind::text},
                                                 {"algorithm", Kind::text},
                                                 {"generation", Kind::integer},
                                                 {"private_key", Kind::text},  // sealed, and stays so
                                                 {"created_at", Kind::time}},
                     std::vector<std::size_t>{1, 2});
    return all;
  }();
  return tables;
}

}  // namespace kriya::storage
