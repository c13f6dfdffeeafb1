#include "storage/postgres/blocking_connection.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>

#include <libpq-fe.h>

#include "base/text.h"
#include "storage/postgres/failure.h"

namespace kriya::storage::postgres {
namespace {

constexpr const char* kConnectSeconds = "10";

struct Clear {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Answer = std::unique_ptr<PGresult, Clear>;

struct FreeOptions {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};
using Options = std::unique_ptr<PQconninfoOption, FreeOptions>;

std::string value_of(const Options& options, std::string_view keyword) {
  for (const PQconninfoOption* option = options.get(); option != nullptr && option->keyword != nullptr; ++option) {
    if (option->keyword == keyword && option->val != nullptr) return option->val;
  }
  return {};
}

/// libpq quotes the very part of the URL that it could not make sense of, which may be the password.
std::string before_quotes(std::string_view message) {
  return std::string(trim(message.substr(0, message.find_first_of("\"\n"))));
}

/// On one line, without libpq's own "connection to server at ..." in front, which the server's name says already.
std::string cause_of(std::string_view message) {
  constexpr std::string_view kFront = "connection to server";
  constexpr std::string_view kFailed = " failed: ";
  if (!message.starts_with(kFront)) return before_quotes(message);
  std::string cause;
  while (!message.empty()) {
    std::string_view line = message.substr(0, message.find('\n'));
    message.remove_prefix(std::min(line.size() + 1, message.size()));
    if (const auto at = line.find(kFailed); line.starts_with(kFront) && at != line.npos) {
      line.remove_prefix(at + kFailed.size());
      if (!cause.empty()) cause += "; ";
    } else if (!cause.empty()) {
      cause += ' ';
    }
    cause += trim(line);
  }
  return cause;
}

bool is_port_list(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || c == ','; });
}

/// Several hosts stay a list. A port that is none is left out: in a URL with a stray '/' it is the password.
std::string name_of(PGconn* connection) {
  const Options options(PQconninfo(connection));
  std::string host = value_of(options, "host");
  if (host.empty()) host = value_of(options, "hostaddr");
  if (host.empty() && PQhost(connection) != nullptr) host = PQhost(connection);
  std::string name = "PostgreSQL at " + (host.empty() ? "the local socket" : host);
  if (const std::string port = value_of(options, "port"); is_port_list(port)) name += " port " + port;
  return name + ", database " + value_of(options, "dbname");
}

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

void BlockingConnection::Finish::operator()(pg_conn* connection) const { PQfinish(connection); }

BlockingConnection::BlockingConnection(std::unique_ptr<pg_conn, Finish> handle)
    : handle_(std::move(handle)), name_(name_of(handle_.get())) {}

BlockingConnection::~BlockingConnection() = default;

Result<std::unique_ptr<BlockingConnection>> BlockingConnection::open(const Secret& url) {
  const std::string text(url.reveal());
  char* reason = nullptr;
  const Options parsed(PQconninfoParse(text.c_str(), &reason));
  if (!parsed) {
    const std::string words = before_quotes(reason == nullptr ? "out of memory" : reason);
    PQfreemem(reason);
    return fail(Errc::unavailable, "DATABASE_URL cannot be read: " + words + ".");
  }
  // What stands before `dbname` is a default for what the URL does not say, what stands after it holds in any case.
  std::vector<const char*> keywords{"fallback_application_name"};
  std::vector<const char*> values{"kriya"};
  if (std::getenv("PGCONNECT_TIMEOUT") == nullptr) {
    keywords.push_back("connect_timeout");
    values.push_back(kConnectSeconds);
  }
  keywords.insert(keywords.end(), {"dbname", "client_encoding", nullptr});
  values.insert(values.end(), {text.c_str(), "UTF8", nullptr});
  std::unique_ptr<PGconn, Finish> handle(PQconnectdbParams(keywords.data(), values.data(), 1));
  if (PQstatus(handle.get()) != CONNECTION_OK) {
    return fail(Errc::unavailable, name_of(handle.get()) + ": " + cause_of(PQerrorMessage(handle.get())) + ".");
  }
  PQsetNoticeProcessor(handle.get(), [](void*, const char*) {}, nullptr);
  return std::unique_ptr<BlockingConnection>(new BlockingConnection(std::move(handle)));
}

Error BlockingConnection::error(const pg_result* result) const {
  const auto field = [&](int code) -> std::string {
    const char* text = result == nullptr ? nullptr : PQresultErrorField(result, code);
    return text == nullptr ? "" : text;
  };
  std::string message = field(PG_DIAG_MESSAGE_PRIMARY);
  if (message.empty()) message = before_quotes(PQerrorMessage(handle_.get()));
  if (const std::string detail = field(PG_DIAG_MESSAGE_DETAIL); !detail.empty()) message += ": " + detail;
  while (message.ends_with('.') && field(PG_DIAG_SQLSTATE) != "P0001") message.pop_back();
  return refusal(field(PG_DIAG_SQLSTATE), message, name_);
}

Result<void> BlockingConnection::execute(const std::string& sql) {
  const Answer answer(PQexec(handle_.get(), sql.c_str()));
  const ExecStatusType status = PQresultStatus(answer.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) return fail(error(answer.get()));
  return {};
}

Result<std::vector<BlockingConnection::Row>> BlockingConnection::query(const std::string& sql,
                                                                       const std::vector<std::string>& values) {
  std::vector<const char*> texts;
  for (const std::string& value : values) texts.push_back(value.c_str());
  const Answer answer(PQexecParams(handle_.get(), sql.c_str(), static_cast<int>(texts.size()), nullptr, texts.data(),
                                   nullptr, nullptr, 0));
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
