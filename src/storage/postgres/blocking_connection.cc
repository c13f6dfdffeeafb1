#include "storage/postgres/blocking_connection.h"

#include <string_view>

#include <libpq-fe.h>

#include "storage/postgres/failure.h"
#include "storage/postgres/wire.h"

namespace kriya::storage::postgres {
namespace {

/// What is said to an operator who brings a schema up to date; all else as the driver says it.
Error refusal(std::string_view sqlstate, const std::string& message, const std::string& server) {
  if (sqlstate.empty()) return {Errc::unavailable, server + ": the connection was lost (" + message + ")."};
  if (sqlstate == "P0001") return {Errc::conflict, message};  // raised by our own SQL, in whole sentences
  if (sqlstate == "42P07") {                                  // duplicate table
    return {Errc::conflict,
            server + ": " + message + ": it belongs to another program. Give Kriya a database of its own."};
  }
  if (sqlstate == "2BP01" || sqlstate == "0A000") return {Errc::conflict, server + ": " + message + "."};
  if (sqlstate == "42501") {
    return {Errc::unavailable, server + ": " + message + ". The user of DATABASE_URL needs that right."};
  }
  if (sqlstate == "55P03") {
    return {Errc::unavailable, server + ": a table is in use by another, long transaction. Try again."};
  }
  return describe_failure(sqlstate, message).error;
}

}  // namespace

BlockingConnection::BlockingConnection(Handle handle) : handle_(std::move(handle)), name_(server_name(*handle_)) {}

BlockingConnection::~BlockingConnection() = default;

Result<std::unique_ptr<BlockingConnection>> BlockingConnection::open(const Secret& url) {
  auto handle = connect(url);
  if (!handle) return fail(handle.error());
  return std::unique_ptr<BlockingConnection>(new BlockingConnection(*std::move(handle)));
}

Error BlockingConnection::error(const pg_result* result) const {
  const auto field = [&](int code) -> std::string {
    const char* text = result == nullptr ? nullptr : PQresultErrorField(result, code);
    return text == nullptr ? "" : text;
  };
  std::string message = field(PG_DIAG_MESSAGE_PRIMARY);
  if (message.empty()) message = without_quotation(PQerrorMessage(handle_.get()));
  if (const std::string detail = field(PG_DIAG_MESSAGE_DETAIL); !detail.empty()) message += ": " + detail;
  while (message.ends_with('.') && field(PG_DIAG_SQLSTATE) != "P0001") message.pop_back();
  return refusal(field(PG_DIAG_SQLSTATE), message, name_);
}

Result<void> BlockingConnection::execute(const std::string& sql) {
  const OwnedResult answer(PQexec(handle_.get(), sql.c_str()));
  const ExecStatusType status = PQresultStatus(answer.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) return fail(error(answer.get()));
  return {};
}

Result<std::vector<BlockingConnection::Row>> BlockingConnection::query(const std::string& sql,
                                                                       const std::vector<std::string>& values) {
  std::vector<const char*> texts;
  for (const std::string& value : values) texts.push_back(value.c_str());
  const OwnedResult answer(PQexecParams(handle_.get(), sql.c_str(), static_cast<int>(texts.size()), nullptr,
                                        texts.data(), nullptr, nullptr, 0));
  const ExecStatusType status = PQresultStatus(answer.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) return fail(error(answer.get()));
  std::vector<Row> rows(static_cast<std::size_t>(PQntuples(answer.get())));
  for (int row = 0; row < PQntuples(answer.get()); ++row) {
    Row& cells = rows[static_cast<std::size_t>(row)];
    for (int column = 0; column < PQnfields(answer.get()); ++column) {
      if (PQgetisnull(answer.get(), row, column) != 0) {
        cells.emplace_back();
      } else {
        const auto length = static_cast<std::size_t>(PQgetlength(answer.get(), row, column));
        cells.emplace_back(std::string(PQgetvalue(answer.get(), row, column), length));
      }
    }
  }
  return rows;
}

}  // namespace kriya::storage::postgres
