#include "http/cors.h"

#include <algorithm>

namespace kriya::http {

bool Cors::allows(const Request& request) const {
  const auto origin = request.header("Origin");
  return origin && request.count("Origin") == 1 && std::ranges::find(allowed_, *origin) != allowed_.end();
}

void Cors::decorate(const Request& request, Response& response) const {
  if (allowed_.empty()) return;
  response.add_header("Vary", "Origin");
  if (!allows(request)) return;
  response.add_header("Access-Control-Allow-Origin", *request.header("Origin"));
  response.add_header("Access-Control-Allow-Credentials", "true");
  response.add_header("Access-Control-Expose-Headers",
                      "X-Request-Id, Retry-After, RateLimit, RateLimit-Policy, Mcp-Session-Id, WWW-Authenticate");
}

bool Cors::is_preflight(const Request& request) {
  return request.method() == Method::options && request.header("Origin") &&
         request.header("Access-Control-Request-Method");
}

void Cors::decorate_preflight(const Request& request, const std::string& methods, Response& response) const {
  if (!allows(request)) return;
  response.add_header("Access-Control-Allow-Methods", methods);
  response.add_header("Access-Control-Allow-Headers",
                      "Authorization, Content-Type, X-API-Key, X-CSRF-Token, X-Request-Id, MCP-Protocol-Version, "
                      "Mcp-Method, Mcp-Name, Mcp-Session-Id, Last-Event-ID");
  response.add_header("Access-Control-Max-Age", "600");
}

}  // namespace kriya::http
