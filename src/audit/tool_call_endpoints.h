// GET /api/tool-calls.
#pragma once

#include "access/principals.h"
#include "audit/tool_call_history.h"
#include "http/router.h"

namespace kriya::audit {

/// Both must outlive the router.
void add_tool_call_endpoints(http::Router& router, access::Principals& principals, ToolCallHistory& history);

}  // namespace kriya::audit
