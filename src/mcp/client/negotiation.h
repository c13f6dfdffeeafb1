// Which era a server speaks, and which version of it: the rules, without sockets. Specification 2026-07-28, "Versioning
// and Compatibility" and "Streamable HTTP: Backward Compatibility".
#pragma once

#include <string>
#include <variant>

#include "base/error.h"
#include "mcp/client/exchange.h"

namespace kriya::mcp::client {

struct AskAgain {
  std::string version;  // modern
};
struct BeginSession {};  // by `initialize`

/// What follows from the answer to server/discover, which was asked in `version`.
using Verdict = std::variant<Agreement, AskAgain, BeginSession>;

/// Anything that is no modern answer means a server of the legacy era, but for refusals that have nothing to do with
/// eras. Errors: those of `error_of`; conflict, when there is no version in common.
Result<Verdict> judge_discovery(const Reply& reply, std::string_view version);

/// The params of `initialize`.
json::object initialize_params();

/// Errors: those of `error_of`; conflict, when the server wants a version that this client does not speak.
Result<Agreement> judge_initialize(const Reply& reply);

/// Whether the server no longer goes by the agreement: its session is gone, or it changed its era.
bool is_over(const Agreement& agreement, const Reply& reply);

}  // namespace kriya::mcp::client
