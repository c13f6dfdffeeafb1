// A tool of this program, as the runner takes it. Made by make_tool (tools/typed_tool.h).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "http/rate_limit.h"
#include "tools/tool.h"

namespace kriya::tools {

/// How often one principal may call within a minute. Tools that name the same limit share its counters.
struct CallLimit {
  std::string name = {};  // letters, digits, "-"; empty: the tool's own
  std::int64_t of_person = 600;
  std::int64_t of_program = 6'000;  // one that acts by itself, for many people
  http::RateLimit::WhenAway when_away = http::RateLimit::WhenAway::open;
};

/// A call whose arguments were read. It ends by the context's deadline, and soon after the deadline's stop; what has to
/// be finished once it was begun takes `unstoppable()`. Errors: any; the runner turns them into results.
using Invocation = std::function<Task<Result<ToolResult>>(CallContext)>;

struct OwnTool {
  std::shared_ptr<const ToolSpec> spec;
  CallLimit limit;

  /// Errors: invalid_fields, naming every bad argument. Unknown arguments are ignored.
  std::function<Result<Invocation>(const json::object& arguments)> read;
};

}  // namespace kriya::tools
