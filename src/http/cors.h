// Cross-origin requests from browsers: exact origins only.
#pragma once

#include <string>
#include <vector>

#include "http/message.h"

namespace kriya::http {

/// Answers for the origins in ALLOWED_ORIGINS, each compared as a whole. Never `*`, because credentials are allowed.
class Cors {
 public:
  explicit Cors(std::vector<std::string> allowed_origins) : allowed_(std::move(allowed_origins)) {}

  /// Adds what a browser needs to see this answer; `Vary: Origin` always, so that no cache mixes origins up.
  void decorate(const Request& request, Response& response) const;

  /// Whether the request is a preflight (OPTIONS with Origin and Access-Control-Request-Method).
  static bool is_preflight(const Request& request);

  /// Adds the preflight's own headers for a path that takes `methods`.
  void decorate_preflight(const Request& request, const std::string& methods, Response& response) const;

 private:
  bool allows(const Request& request) const;
  std::vector<std::string> allowed_;
};

}  // namespace kriya::http
