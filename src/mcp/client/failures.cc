#include "mcp/client/failures.h"

#include "base/text.h"

namespace kriya::mcp::client {
namespace {

constexpr std::size_t kMostQuoted = 300;  // bytes

Error error_with(Errc code, std::string detail) { return Error{.code = code, .detail = std::move(detail)}; }

Error refusal(int status) {
  if (status == 401) {
    return error_with(Errc::missing_token, "The MCP server wants a token, or does not take this one (401).");
  }
  return error_with(Errc::forbidden, "The MCP server does not allow this (403).");
}

Error rpc_error(const RpcError& error) {
  const std::string words = cited(error.message);
  switch (error.code) {
    case rpc_code::kInvalidParams:
      return error_with(Errc::invalid_fields, "The MCP server does not take these arguments: " + words);
    case rpc_code::kMethodNotFound:
      return error_with(Errc::not_found, "The MCP server cannot do this: " + words);
    case rpc_code::kMissingCapability:
      return error_with(Errc::bad_request, "The MCP server wants to ask back, which this client cannot: " + words);
    case rpc_code::kHeaderMismatch:
      return error_with(Errc::conflict, "The MCP server misses something in the request's headers: " + words);
    default:
      return error_with(Errc::bad_request,
                        "The MCP server answers with error " + std::to_string(error.code) + ": " + words);
  }
}

}  // namespace

Error error_of(const Reply& reply) {
  if (reply.status == 401 || reply.status == 403) return refusal(reply.status);
  if (reply.status == 429 || reply.status >= 500) {
    const bool busy = reply.status == 429;
    Error error = error_with(busy ? Errc::too_many_requests : Errc::unavailable,
                             busy ? "The MCP server has had too many requests (429)."
                                  : "The MCP server is in trouble (" + std::to_string(reply.status) + ").");
    error.retry_after = reply.retry_after;
    return error;
  }
  if (const RpcError* error = reply.error()) return rpc_error(*error);
  if (reply.status == 404) return error_with(Errc::not_found, "There is no MCP server at this address (404).");
  if (reply.status < 300) return error_with(Errc::bad_request, "The MCP server's answer broke off.");
  return error_with(Errc::bad_request,
                    "The MCP server answers with status " + std::to_string(reply.status) + ", which is no MCP.");
}

Error error_of(const http::client::Failure& failure) {
  if (failure.stopped) return error_with(Errc::unavailable, "The call was given up.");
  if (failure.timed_out) return error_with(Errc::request_timeout, "The MCP server did not answer in time.");
  return error_with(Errc::unavailable, "The MCP server cannot be reached: " + failure.detail);
}

std::string cited(std::string_view text) {
  if (!utf8_length(text)) return "(unreadable)";
  std::string line(text.substr(0, kMostQuoted));
  while (!line.empty() && !utf8_length(line)) line.pop_back();  // cut within a character
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  // What is left may be a C1 control or turn the direction of the text; both are rare enough to lose the whole line.
  if (has_control_character(line)) return "(unreadable)";
  return line.size() < text.size() ? line + "…" : line;
}

}  // namespace kriya::mcp::client
