// What went wrong with another server, in words for a person.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "http/client/client.h"
#include "mcp/client/exchange.h"

namespace kriya::mcp::client {

/// Of an answer that is no success. Errors: missing_token (401), forbidden (403), too_many_requests (429),
/// unavailable (5xx), invalid_fields (bad params, without fields), not_found, conflict (headers
/// that do not fit), bad_request (all else).
Error error_of(const Reply& reply);

/// Of an answer that never came: request_timeout, or unavailable.
Error error_of(const http::client::Failure& failure);

/// Another server's words on one line, without what could steer a terminal, and not too many of them.
std::string cited(std::string_view text);

}  // namespace kriya::mcp::client
