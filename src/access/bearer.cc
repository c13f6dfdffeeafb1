#include "access/bearer.h"

#include <optional>

#include "base/text.h"

namespace kriya::access {
namespace {

/// The token of an Authorization header; nullopt for another scheme.
std::optional<std::string> bearer_of(std::string_view authorization) {
  constexpr std::string_view kScheme = "Bearer ";
  if (!equals_ignoring_case(authorization.substr(0, kScheme.size()), kScheme)) return std::nullopt;
  return std::string(trim(authorization.substr(kScheme.size())));
}

Result<void> take_header(const http::Request& request, http::Caller& caller) {
  constexpr auto kAdvice = "Send the token as Authorization: Bearer <token>.";
  const auto authorization = request.header("Authorization");
  if (!authorization) return fail(Errc::missing_token, kAdvice);
  auto token = bearer_of(*authorization);
  if (!token) return fail(Errc::invalid_token, kAdvice);
  caller.bearer = *std::move(token);
  return {};
}

Result<void> take_header_or_query(const http::Request& request, http::Caller& caller) {
  if (request.header("Authorization")) return take_header(request, caller);
  auto token = request.query_parameter("token");
  if (!token || token->empty()) return take_header(request, caller);
  caller.bearer = *std::move(token);
  return {};
}

http::AccessRule bearer_rule(decltype(&take_header) take_token) {
  return {.check = take_token,
          .schemes = {{"bearer", {{"type", "http"}, {"scheme", "bearer"}, {"bearerFormat", "JWT"}}}},
          .errors = {Errc::missing_token, Errc::invalid_token}};
}

}  // namespace

http::AccessRule bearer_token() { return bearer_rule(take_header); }

http::AccessRule bearer_or_query_token() { return bearer_rule(take_header_or_query); }

http::AccessRule optional_bearer() {
  http::AccessRule rule = bearer_rule([](const http::Request& request, http::Caller& caller) -> Result<void> {
    if (const auto authorization = request.header("Authorization")) {
      caller.bearer = bearer_of(*authorization).value_or(std::string());
    }
    return {};
  });
  rule.optional = true;
  rule.errors.clear();
  return rule;
}

}  // namespace kriya::access
