// Failures in words that a model can act upon.
#pragma once

#include "tools/tool.h"

namespace kriya::tools {

/// The result that says `error`: which arguments to change, whether to wait, or that nothing helps. Its kind is
/// "arguments", "denied", "unavailable" or "tool"; "internal" for a bug, whose detail is not told.
ToolResult error_result(const Error& error);

/// The same, of a call with this deadline: what failed because its time was over, or because nobody waits any more, is
/// "timeout" or "cancelled".
ToolResult error_result(const Error& error, const Deadline& deadline);

/// Of a deadline that has passed.
ToolResult too_late(const Deadline& deadline);

}  // namespace kriya::tools
