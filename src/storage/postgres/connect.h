// Opening a connection to PostgreSQL.
#pragma once

#include "base/secret.h"
#include "storage/postgres/pipeline_connection.h"

namespace kriya::storage::postgres {

struct ConnectOptions {
  Secret url;
  /// Whether sessions keep their state: prepared statements and settings. Not so behind PgBouncer in transaction mode.
  bool keeps_sessions = true;
};

/// Connects, non-blocking and in pipeline mode afterwards. Blocks while names are looked up, keys exchanged and
/// passwords hashed: for worker threads. TLS and everything else is as the URL's parameters say (libpq's defaults:
/// sslmode=prefer); a server that does not answer within connect_timeout (5 s unless the URL says otherwise) is away.
/// Errors: unavailable, with words for an operator that never hold the password.
Result<Handle> connect(const ConnectOptions& options);

}  // namespace kriya::storage::postgres
