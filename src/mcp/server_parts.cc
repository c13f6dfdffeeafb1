#include "mcp/server_parts.h"

#include <exception>

#include "base/encoding.h"
#include "crypto/digest.h"
#include "mcp/feature_calls.h"

namespace kriya::mcp {

http::Principal principal_of(const http::Caller& caller) { return caller.principal.value_or(http::Principal()); }

Asker asker_of(const http::Request& request, const http::Caller& caller, const json::object& params,
               std::string_view version, Deadline deadline) {
  Asker asker{.principal = principal_of(caller), .deadline = std::move(deadline), .version = version};
  asker.request_id = caller.request_id;
  asker.client_address = caller.address;
  // A name for it, which opens nothing, neither by itself nor with a token's signature.
  if (const std::string& sid = asker.principal.session; !sid.empty()) {
    asker.session_id = hex_encode(crypto::sha256(sid)).substr(0, 32);
  }
  // The body is nearer to who asks than a header, which a proxy may have written (SEP-414).
  const json::object* meta = object_member(params, "_meta");
  const json::string* trace = meta == nullptr ? nullptr : string_member(*meta, meta::kTraceParent);
  asker.trace_id = trace_id(trace == nullptr ? request.header("traceparent").value_or("") : std::string_view(*trace));
  return asker;
}

RpcError internal_error() { return {rpc_code::kInternalError, "Something went wrong on our side."}; }

Task<Outcome> run_feature(const ServerParts& parts, const Asker& asker, std::string method, json::object params,
                          Input input) {
  try {
    co_return co_await call_feature(parts.offer, asker, std::move(method), std::move(params), std::move(input));
  } catch (const std::exception& bug) {
    parts.log.error("an MCP call threw", {{"request_id", asker.request_id}, {"what", std::string_view(bug.what())}});
  }
  co_return internal_error();
}

}  // namespace kriya::mcp
