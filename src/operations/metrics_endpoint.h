// GET /metrics in Prometheus text.
#pragma once

#include "base/secret.h"
#include "http/router.h"
#include "telemetry/metrics.h"

namespace kriya::operations {

struct MetricsAccess {
  Secret token;                // when set: the Bearer that a scraper must show
  bool loopback_only = false;  // without a token: answer only direct peers on this machine
};

void add_metrics_endpoint(http::Router& router, const telemetry::Metrics& metrics, const MetricsAccess& access);

}  // namespace kriya::operations
