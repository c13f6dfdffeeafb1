// Whether this instance lives, and whether it can serve.
#pragma once

#include <string>
#include <vector>

#include "http/router.h"
#include "storage/database.h"

namespace kriya::operations {

struct HealthCheck {
  std::string name;
  std::string status;  // "ok"; a failed check is a 503 and shows in its detail
};
BOOST_DESCRIBE_STRUCT(HealthCheck, (), (name, status))

struct HealthAnswer {
  std::string status;  // "ok"
  std::string version;
  std::vector<HealthCheck> checks;
};
BOOST_DESCRIBE_STRUCT(HealthAnswer, (), (status, version, checks))

/// GET /health/live: the process answers. GET /health/ready and /health: the database answers too, and its schema is
/// the one that this binary needs (`schema_version`) or a newer one that it can use; else 503.
void add_health_endpoints(http::Router& router, storage::Database& database, int schema_version, std::string version);

}  // namespace kriya::operations
