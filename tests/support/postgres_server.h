// A real PostgreSQL server for tests, and a database of their own for each.
#pragma once

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <libpq-fe.h>
#include <unistd.h>

#include "tests/support/temporary_folder.h"

namespace kriya::tests {

using TextRows = std::vector<std::vector<std::string>>;

/// Runs SQL text, several statements at once, as any program could: through libpq alone. Returns the last statement's
/// rows as text, NULL as "NULL". Throws with the server's words.
inline TextRows run_sql(const std::string& url, const std::string& sql) {
  const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(PQconnectdb(url.c_str()), PQfinish);
  if (PQstatus(connection.get()) != CONNECTION_OK) throw std::runtime_error(PQerrorMessage(connection.get()));
  PQsetNoticeProcessor(connection.get(), [](void*, const char*) {}, nullptr);
  const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(connection.get(), sql.c_str()), PQclear);
  const ExecStatusType status = PQresultStatus(result.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
    throw std::runtime_error(PQresultErrorMessage(result.get()));
  }
  TextRows rows(static_cast<std::size_t>(PQntuples(result.get())));
  for (int row = 0; row < PQntuples(result.get()); ++row) {
    for (int column = 0; column < PQnfields(result.get()); ++column) {
      const bool null = PQgetisnull(result.get(), row, column) != 0;
      rows[static_cast<std::size_t>(row)].emplace_back(null ? "NULL" : PQgetvalue(result.get(), row, column));
    }
  }
  return rows;
}

/// The server that KRIYA_TEST_POSTGRES_URL names (a superuser's URL), else one that is started for this process and
/// gone with it, however the process ends.
class PostgresServer {
 public:
  static PostgresServer& instance() {
    static PostgresServer server;
    return server;
  }
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  /// The superuser's URL of a new, empty database.
  std::string create_database() {
    const std::string name = "kriya_test_" + std::to_string(::getpid()) + "_" + std::to_string(++created_);
    run_sql(url_, "CREATE DATABASE " + name);
    return with_database(name);
  }

  /// Ends its connections too.
  void drop_database(const std::string& url) {
    const std::size_t slash = url.rfind('/', url.find('?'));
    run_sql(url_, "DROP DATABASE IF EXISTS " + url.substr(slash + 1, url.find('?') - slash - 1) + " WITH (FORCE)");
  }

 private:
  PostgresServer() {
    if (const char* given = std::getenv("KRIYA_TEST_POSTGRES_URL"); given != nullptr) {
      url_ = given;
      return;
    }
    const std::string script = KRIYA_SOURCE_DIR "/tests/support/postgres_server.sh";
    const std::string folder = folder_.path();
    FILE* start = popen(("'" + script + "' start '" + folder + "' fsync=off max_connections=300").c_str(), "re");
    char line[512] = "";
    const bool answered = start != nullptr && std::fgets(line, sizeof line, start) != nullptr;
    if (start == nullptr || pclose(start) != 0 || !answered) throw std::runtime_error("no PostgreSQL server");
    url_ = line;
    url_.erase(url_.find_last_not_of('\n') + 1);
    // The end of this process ends `cat`, also when it is killed.
    guard_ = popen(("trap '' INT TERM; cat; '" + script + "' remove '" + folder + "'").c_str(), "we");
  }
  ~PostgresServer() {
    if (guard_ != nullptr) pclose(guard_);
  }

  std::string with_database(const std::string& name) const {
    const std::size_t question = std::min(url_.find('?'), url_.size());
    return url_.substr(0, url_.rfind('/', question) + 1) + name + url_.substr(question);
  }

  TemporaryFolder folder_;
  std::string url_;
  FILE* guard_ = nullptr;
  int created_ = 0;
};

/// A database of its own for a test, gone afterwards.
class PostgresDatabase {
 public:
  PostgresDatabase() : url_(PostgresServer::instance().create_database()) {}
  PostgresDatabase(const PostgresDatabase&) = delete;
  PostgresDatabase& operator=(const PostgresDatabase&) = delete;
  ~PostgresDatabase() { PostgresServer::instance().drop_database(url_); }

  const std::string& url() const { return url_; }
  TextRows run(const std::string& sql) const { return run_sql(url_, sql); }

 private:
  std::string url_;
};

}  // namespace kriya::tests
