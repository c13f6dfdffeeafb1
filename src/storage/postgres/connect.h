// Opening a connection to PostgreSQL, and its name in messages to the operator.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/secret.h"

struct pg_conn;

namespace kriya::storage::postgres {

struct Finish {
  void operator()(pg_conn* connection) const;
};
using Handle = std::unique_ptr<pg_conn, Finish>;

/// Connects and waits for it: while names are looked up, keys exchanged and passwords hashed. TLS and everything else
/// is as the URL's parameters say (libpq's defaults: sslmode=prefer); a server that does not answer within 5 s is away,
/// unless the URL (connect_timeout) or PGCONNECT_TIMEOUT says otherwise. `session_settings` go before the URL's own
/// `options`: "-c name=value ...".
/// Errors: unavailable, in words for an operator: host, port, database and cause, never the password.
Result<Handle> connect(const Secret& url, std::string_view session_settings = {});

struct ConnectOptions {
  Secret url;
  /// Whether sessions keep their state: prepared statements and settings. Not so behind PgBouncer in transaction mode.
  bool keeps_sessions = true;
};

/// A connection for PipelineConnection: with our session settings, non-blocking, in pipeline mode. Blocks until then.
Result<Handle> connect_for_pipeline(const ConnectOptions& options);

/// "PostgreSQL at db.example.org port 5432, database kriya".
std::string server_name(pg_conn& connection);

/// libpq quotes the very part of a URL that it could not make sense of, which may be the password: this is the message
/// up to there, and of its first line.
std::string without_quotation(std::string_view message);

}  // namespace kriya::storage::postgres
