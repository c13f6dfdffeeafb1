#include "storage/postgres/failure.h"

namespace kriya::storage::postgres {

std::string one_line(std::string_view message) {
  std::string line;
  for (const char c : message) {
    const bool space = c == '\n' || c == '\t' || c == ' ';
    if (!space) {
      line += c;
    } else if (!line.empty() && line.back() != ' ') {
      line += ' ';
    }
  }
  while (line.ends_with(' ')) line.pop_back();
  return line;
}

Failure describe_failure(std::string_view sqlstate, std::string_view message) {
  const std::string text = one_line(message);
  const std::string_view kind = sqlstate.substr(0, 2);
  const auto unavailable = [&](const std::string& words) {
    return Failure{.error = {Errc::unavailable, "PostgreSQL " + words + ": " + text}};
  };
  // Integrity constraint violation. PostgreSQL's own words name tables and values, and a conflict may reach a client.
  if (kind == "23") return {.error = {Errc::conflict, "A stored row stands against this change."}};
  if (sqlstate == "40001" || sqlstate == "40P01") {  // serialization failure, deadlock
    Failure failure = unavailable("undid the statements because of others at the same rows");
    failure.worth_repeating = true;
    return failure;
  }
  if (sqlstate == "57014") {  // query cancelled
    Failure failure = unavailable("was told to stop the statement");
    failure.cancelled = true;
    return failure;
  }
  if (sqlstate == "0A000" && text.find("cached plan") != std::string::npos) {  // the schema has changed beneath it
    Failure failure = unavailable("changed the tables of a prepared statement");
    failure.stale_connection = failure.worth_repeating = true;
    return failure;
  }
  if (sqlstate == "26000" || sqlstate == "42P05") {  // a prepared statement is missing, or there already
    Failure failure = unavailable(
        "does not keep prepared statements for us (behind PgBouncer in transaction mode set "
        "DATABASE_PREPARED_STATEMENTS=off)");
    failure.stale_connection = true;
    return failure;
  }
  if (kind == "53") return unavailable("is out of a resource");
  if (kind == "57" || kind == "08") return unavailable("is going away");
  if (kind == "55") return unavailable("has the rows locked");
  if (kind == "58" || kind == "XX") return unavailable("met a fault of its own");
  if (sqlstate == "25006") return unavailable("is read-only");
  if (kind == "28" || sqlstate == "42501") return unavailable("does not let us");
  return {.error = {Errc::internal, "PostgreSQL refused a statement: " + text}};
}

Failure describe_failure(const PGresult& result) {
  const char* sqlstate = PQresultErrorField(&result, PG_DIAG_SQLSTATE);
  const char* message = PQresultErrorField(&result, PG_DIAG_MESSAGE_PRIMARY);
  // Without an SQLSTATE the error is libpq's own: the connection broke.
  if (sqlstate == nullptr) return describe_failure("08006", PQresultErrorMessage(&result));
  return describe_failure(sqlstate, message == nullptr ? "" : message);
}

}  // namespace kriya::storage::postgres
