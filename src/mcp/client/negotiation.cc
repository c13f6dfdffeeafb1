#include "mcp/client/negotiation.h"

#include <algorithm>

#include "base/version.h"
#include "mcp/client/failures.h"

namespace kriya::mcp::client {
namespace {

bool is_modern_error(std::int64_t code) {
  return code == rpc_code::kHeaderMismatch || code == rpc_code::kMissingCapability ||
         code == rpc_code::kUnsupportedVersion;
}

/// The newest version in a server's list that this client speaks, too; empty: none.
std::string_view best_of(const json::array* offered) {
  if (offered == nullptr) return {};
  for (const std::string_view mine : version::kSupported) {
    const bool is_offered = std::ranges::any_of(*offered, [mine](const json::value& theirs) {
      return theirs.is_string() && std::string_view(theirs.get_string()) == mine;
    });
    if (is_offered) return mine;
  }
  return {};
}

tl::unexpected<Error> nothing_in_common() {
  return fail(Errc::conflict, "The MCP server speaks no version of the protocol that this client speaks.");
}

Verdict follow(std::string_view best) {
  if (era_of(best) == Era::modern) return AskAgain{std::string(best)};
  return BeginSession{};
}

}  // namespace

Result<Verdict> judge_discovery(const Reply& reply, std::string_view version) {
  if (const json::object* result = reply.result()) {
    const json::array* offered = array_member(*result, "supportedVersions");
    if (offered == nullptr) return BeginSession{};
    const std::string_view best = best_of(offered);
    if (best.empty()) return nothing_in_common();
    if (best != version) return follow(best);
    Agreement agreement{.version = std::string(version),
                        .instructions = std::string(text_member(*result, "instructions"))};
    const json::object* meta = object_member(*result, "_meta");
    const json::object* info = meta == nullptr ? nullptr : object_member(*meta, meta::kServerInfo);
    if (info == nullptr) info = object_member(*result, "serverInfo");
    if (info != nullptr) agreement.server_info = *info;
    return agreement;
  }
  if (const RpcError* error = reply.error(); error != nullptr && is_modern_error(error->code)) {
    if (error->code != rpc_code::kUnsupportedVersion) return fail(error_of(reply));
    const json::object* data = error->data.if_object();
    const std::string_view best = best_of(data == nullptr ? nullptr : array_member(*data, "supported"));
    if (best.empty()) return nothing_in_common();
    return follow(best);
  }
  switch (reply.status) {
    case 200:
    case 202:
    case 400:
    case 404:
    case 405:
    case 406:
    case 415:
    case 422:
      return BeginSession{};
    default:
      return fail(error_of(reply));
  }
}

json::object initialize_params() {
  return {{"protocolVersion", version::kLatestLegacy},
          {"capabilities", json::object()},
          {"clientInfo", {{"name", "kriya"}, {"version", kVersion}}}};
}

Result<Agreement> judge_initialize(const Reply& reply) {
  const json::object* result = reply.result();
  if (result == nullptr) return fail(error_of(reply));
  const std::string wanted(text_member(*result, "protocolVersion"));
  const auto known = find_version(wanted);
  if (!known || era_of(*known) != Era::legacy) return nothing_in_common();
  Agreement agreement{.version = wanted,
                      .session_id = reply.session_id,
                      .instructions = std::string(text_member(*result, "instructions"))};
  if (const json::object* info = object_member(*result, "serverInfo")) agreement.server_info = *info;
  return agreement;
}

bool is_over(const Agreement& agreement, const Reply& reply) {
  if (agreement.era() == Era::legacy) return reply.status == 404 && !agreement.session_id.empty();
  if (reply.result() != nullptr) return false;
  const RpcError* error = reply.error();
  if (error == nullptr) return reply.status == 400 || reply.status == 404 || reply.status == 405;
  return error->code == rpc_code::kUnsupportedVersion || error->code == rpc_code::kLegacyServerError;
}

}  // namespace kriya::mcp::client
