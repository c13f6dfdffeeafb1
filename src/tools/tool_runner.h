// Our own tools, with all the rules around a call.
#pragma once

#include <atomic>
#include <chrono>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "audit/redaction.h"
#include "audit/tool_log.h"
#include "base/time.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"
#include "tools/own_tool.h"

namespace kriya::tools {

/// A call goes: may this principal, are the arguments good, is it within the limits, run it within the time, shorten
/// what is too long, write the call down, answer. Refused calls are written down as well. Safe to use from every
/// thread.
class ToolRunner final : public ToolSource {
 public:
  struct Rules {
    std::chrono::milliseconds timeout{60'000};
  };

  /// Outside parts, which must outlive this object.
  struct Parts {
    audit::ToolLog& calls;
    const audit::Redaction& redaction;
    const Clock& clock;
    const telemetry::Log& log;
    telemetry::Metrics& metrics;
  };

  /// Lists name the tools in this order. Throws std::logic_error when two have one name.
  ToolRunner(std::vector<OwnTool> tools, Rules rules, Parts parts);

  /// Who counts the calls, before the first one; it must outlive this object. Without it nothing is counted.
  void limit_by(http::RateLimiter& limiter) { limiter_ = &limiter; }

  /// All limits that calls may take.
  std::vector<http::RateLimit> limits() const;

  /// Errors: none.
  Task<Result<std::vector<std::shared_ptr<const ToolSpec>>>> list(http::Principal principal,
                                                                  Deadline deadline) override;

  Task<Result<ToolResult>> call(ToolCall call, CallContext context) override;

  /// Calls that have begun and are not written down yet.
  std::size_t under_way() const { return under_way_.load(); }

  /// A call that does not come to pass, e.g. because a person said no: writes it down, and gives the result that says
  /// so. Where the principal may not call a tool that exists, a rule has denied the call, whatever `refusal` says.
  ToolResult refuse(const ToolCall& call, const CallContext& context, Refusal refusal);

 private:
  struct Held {
    OwnTool tool;
    http::RateLimit for_person;
    http::RateLimit for_program;
    telemetry::Counter& successes;
    telemetry::Counter& errors;
    telemetry::Histogram& seconds;
  };
  struct Begun;

  Held hold(OwnTool tool);
  const Held* find(std::string_view name) const;
  const Held* find(std::string_view name, const http::Principal& principal) const;
  Task<Result<void>> take_limit(const Held& held, const CallContext& context);
  Task<ToolResult> admit_and_run(const Held& held, const json::object& arguments, CallContext& context);
  Task<ToolResult> run(const Held& held, Invocation invocation, CallContext context);
  void write_down(const Held* held, const ToolCall& call, const CallContext& context, const Begun& begun,
                  const ToolResult& result);

  const Rules rules_;
  const Parts parts_;
  std::vector<Held> tools_;
  std::unordered_map<std::string_view, std::size_t> by_name_;
  telemetry::Counter& unknown_;
  http::RateLimiter* limiter_ = nullptr;
  std::atomic<std::size_t> under_way_ = 0;
};

/// Whether a principal may see and call a tool.
bool may_call(const ToolSpec& tool, const http::Principal& principal);

}  // namespace kriya::tools
