#include "http/rate_limit.h"

#include <algorithm>

#include "http/client_address.h"

namespace kriya::http {
namespace {

std::chrono::seconds rounded_up(std::chrono::milliseconds span) {
  return std::chrono::ceil<std::chrono::seconds>(span);
}

/// One member of a list of structured fields (RFC 9651 section 3.1): "name";first=1;second=2
void append_member(std::string& list, const std::string& name, const char* first, std::int64_t first_value,
                   const char* second, std::int64_t second_value) {
  if (!list.empty()) list += ", ";
  list += '"' + name + "\";" + first + '=' + std::to_string(first_value) + ';' + second + '=' +
          std::to_string(second_value);
}

}  // namespace

std::optional<std::string> subject_of(const RateLimit& limit, const Caller& caller) {
  switch (limit.scope) {
    case RateLimit::Scope::address:
      return address_owner(caller.address);
    case RateLimit::Scope::stranger:
      return caller.api_key_id.empty() ? std::optional(address_owner(caller.address)) : std::nullopt;
    case RateLimit::Scope::api_key:
      return caller.api_key_id.empty() ? std::nullopt : std::optional(caller.api_key_id);
    case RateLimit::Scope::user:
      if (!caller.token) return std::nullopt;
      // With the version: whoever holds a revoked token must not use up the quota of the user who revoked it.
      return caller.token->user_id.str() + ":" + std::to_string(caller.token->token_version);
    case RateLimit::Scope::principal:
      if (!caller.principal) return std::nullopt;
      // Development's visitors are one person, but not one program.
      return caller.principal->demo ? "demo:" + caller.principal->session : caller.principal->subject();
  }
  return std::nullopt;
}

Error refusal(const RateLimit& limit, const RateLimitVerdict& verdict) {
  const auto wait = std::max(rounded_up(verdict.renewed), std::chrono::seconds(1));
  Error error{Errc::too_many_requests,
              "At most " + std::to_string(limit.requests) + " requests in " + std::to_string(limit.window.count()) +
                  " seconds are taken here; the next in " + std::to_string(wait.count()) + "."};
  error.retry_after = wait;
  return error;
}

void RateLimitReport::add(const RateLimit& limit, const RateLimitVerdict& verdict) {
  append_member(policies_, limit.name, "q", limit.requests, "w", limit.window.count());
  append_member(states_, limit.name, "r", verdict.remaining, "t", rounded_up(verdict.renewed).count());
}

void RateLimitReport::write_to(Response& response) const {
  if (policies_.empty()) return;
  response.add_header("RateLimit-Policy", policies_);
  response.add_header("RateLimit", states_);
}

}  // namespace kriya::http
