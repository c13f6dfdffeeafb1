#include "access/bearer.h"

#include "base/text.h"

namespace kriya::access {
namespace {

Result<void> take_token(const http::Request& request, http::Caller& caller) {
  if (const auto authorization = request.header("Authorization")) {
    constexpr std::string_view kScheme = "Bearer ";
    if (!equals_ignoring_case(authorization->substr(0, kScheme.size()), kScheme)) {
      return fail(Errc::invalid_token, "Send the token as Authorization: Bearer <token>.");
    }
    caller.bearer = trim(authorization->substr(kScheme.size()));
    return {};
  }
  if (auto token = request.query_parameter("token"); token && !token->empty()) {
    caller.bearer = *std::move(token);
    return {};
  }
  return fail(Errc::missing_token, "Send the token as Authorization: Bearer <token>.");
}

}  // namespace

http::AccessRule bearer_or_query_token() {
  return {.check = take_token,
          .schemes = {{"bearer", {{"type", "http"}, {"scheme", "bearer"}, {"bearerFormat", "JWT"}}}},
          .errors = {Errc::missing_token, Errc::invalid_token}};
}

}  // namespace kriya::access
