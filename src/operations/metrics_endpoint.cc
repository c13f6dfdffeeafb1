#include "operations/metrics_endpoint.h"

#include "crypto/digest.h"

namespace kriya::operations {
namespace {

using http::Caller;
using http::Request;

http::AccessRule require_metrics_token(const Secret& token) {
  const auto check = [digest = crypto::sha256("Bearer " + std::string(token.reveal()))](const Request& request,
                                                                                        Caller&) -> Result<void> {
    const auto shown = request.header("Authorization");
    if (!shown) return fail(Errc::missing_token, "Send METRICS_TOKEN as Authorization: Bearer <token>.");
    if (!crypto::equal_in_constant_time(digest, crypto::sha256(*shown))) {
      return fail(Errc::invalid_token, "This is not the METRICS_TOKEN.");
    }
    return {};
  };
  return {.check = check,
          .schemes = {{"metrics_token", {{"type", "http"}, {"scheme", "bearer"}, {"description", "METRICS_TOKEN"}}}},
          .errors = {Errc::missing_token, Errc::invalid_token}};
}

http::AccessRule require_loopback() {
  const auto check = [](const Request&, Caller& caller) -> Result<void> {
    if (caller.loopback) return {};
    return fail(Errc::forbidden, "Metrics are for this machine only; set METRICS_TOKEN to scrape from elsewhere.");
  };
  return {.check = check, .errors = {Errc::forbidden}};
}

http::Operation describe_metrics(schema::Components&) {
  return {.summary = "Figures for Prometheus",
          .description = {},
          .tag = "Operations",
          .errors = {},
          .request_schema = {},
          .request_example = {},
          .answers = {{.schema = {{"type", "string"}}, .content_type = "text/plain"}}};
}

}  // namespace

void add_metrics_endpoint(http::Router& router, const telemetry::Metrics& metrics, const MetricsAccess& access) {
  std::vector<http::AccessRule> rules;
  if (!access.token.empty()) {
    rules.push_back(require_metrics_token(access.token));
  } else if (access.loopback_only) {
    rules.push_back(require_loopback());
  }
  router.add({.method = http::Method::get,
              .path = "/metrics",
              .access = std::move(rules),
              .run =
                  [&metrics](const Request&, const Caller&) {
                    return http::answer_with(
                        {.content_type = "text/plain; version=0.0.4; charset=utf-8", .body = metrics.render()});
                  },
              .describe = describe_metrics});
}

}  // namespace kriya::operations
