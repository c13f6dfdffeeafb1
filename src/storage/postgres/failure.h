// What PostgreSQL's errors mean for us, by their SQLSTATE (PostgreSQL manual, appendix A).
#pragma once

#include <string_view>

#include <libpq-fe.h>

#include "base/error.h"

namespace kriya::storage::postgres {

struct Failure {
  Error error;  // with words for an operator
  /// The server has undone the statements for a reason that need not come again (deadlock, serialization).
  bool worth_repeating = false;
  /// A cancel request hit these statements.
  bool cancelled = false;
  /// The connection's prepared statements are of no use any more: it must be replaced.
  bool stale_connection = false;
};

Failure describe_failure(std::string_view sqlstate, std::string_view message);

/// Of a result whose status is an error.
Failure describe_failure(const PGresult& result);

/// libpq's own message without its line breaks; names host, port, user and database, never the password.
std::string one_line(std::string_view message);

}  // namespace kriya::storage::postgres
