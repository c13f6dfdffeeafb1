#include "tools/tool_runner.h"

#include <algorithm>
#include <array>
#include <span>
#include <stdexcept>

#include "access/session_lookup.h"
#include "crypto/random.h"
#include "tools/result_size.h"
#include "tools/tool_errors.h"

namespace kriya::tools {
namespace {

using Steady = std::chrono::steady_clock;

constexpr const char* kCalls = "kriya_tool_calls_total";
constexpr const char* kCallsHelp = "Calls of tools, by outcome.";
constexpr std::size_t kLongestName = 128;
constexpr const char* kUnreadable = "unreadable";  // the argument that stands for those that are no JSON object

http::RateLimit limit_of(std::string name, std::int64_t calls, const CallLimit& limit) {
  return {.name = std::move(name),
          .scope = http::RateLimit::Scope::user,
          .requests = calls,
          .window = std::chrono::minutes(1),
          .when_away = limit.when_away};
}

/// The name of a tool that the caller made up: short, and of characters that tools' names have.
std::string tame(std::string_view name) {
  std::string tamed = cut_text(std::string(name), kLongestName);
  const auto ordinary = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.' || c == '/';
  };
  std::ranges::replace_if(tamed, [&](char c) { return !ordinary(c); }, '?');
  return tamed;
}

/// One more, as long as it lives.
class Counted {
 public:
  explicit Counted(std::atomic<std::size_t>& number) : number_(number) { ++number_; }
  ~Counted() { --number_; }
  Counted(const Counted&) = delete;

 private:
  std::atomic<std::size_t>& number_;
};

}  // namespace

/// When a call began.
struct ToolRunner::Begun {
  Timestamp at;
  Steady::time_point time = Steady::now();
};

bool may_call(const ToolSpec& tool, const http::Principal& principal) {
  if (principal.demo) return tool.scope.empty() && !tool.for_people_alone;
  if (tool.for_people_alone && !principal.user_id) return false;
  return tool.scope.empty() || access::has_scope(principal.scope, tool.scope);
}

ToolRunner::ToolRunner(std::vector<OwnTool> tools, Rules rules, Parts parts)
    : rules_(rules),
      parts_(parts),
      unknown_(parts.metrics.counter(kCalls, kCallsHelp, {{"tool", "unknown"}, {"status", "error"}})) {
  tools_.reserve(tools.size());
  for (OwnTool& tool : tools) {
    const std::string_view name = tool.spec->name;
    if (!by_name_.emplace(name, tools_.size()).second) {
      throw std::logic_error("two tools are named " + std::string(name));
    }
    tools_.push_back(hold(std::move(tool)));
  }
}

ToolRunner::Held ToolRunner::hold(OwnTool tool) {
  const std::string& name = tool.spec->name;
  std::string counter = tool.limit.name;
  if (counter.empty()) {
    counter = "tool-" + name;
    std::ranges::replace(counter, '_', '-');
  }
  const auto count = [&](const char* status) -> telemetry::Counter& {
    return parts_.metrics.counter(kCalls, kCallsHelp, {{"tool", name}, {"status", status}});
  };
  return {.tool = tool,
          .for_person = limit_of(counter, tool.limit.of_person, tool.limit),
          .for_program = limit_of(counter + "-program", tool.limit.of_program, tool.limit),
          .successes = count("success"),
          .errors = count("error"),
          .seconds =
              parts_.metrics.histogram("kriya_tool_call_seconds", "Time that calls of tools took.", {{"tool", name}})};
}

std::vector<http::RateLimit> ToolRunner::limits() const {
  std::vector<http::RateLimit> all;
  for (const Held& held : tools_) {
    for (const http::RateLimit* limit : {&held.for_person, &held.for_program}) {
      if (!std::ranges::count(all, *limit)) all.push_back(*limit);
    }
  }
  return all;
}

const ToolRunner::Held* ToolRunner::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &tools_[found->second];
}

const ToolRunner::Held* ToolRunner::find(std::string_view name, const http::Principal& principal) const {
  const Held* held = find(name);
  return held != nullptr && may_call(*held->tool.spec, principal) ? held : nullptr;
}

Task<Result<std::vector<std::shared_ptr<const ToolSpec>>>> ToolRunner::list(http::Principal principal, Deadline) {
  std::vector<std::shared_ptr<const ToolSpec>> specs;
  for (const Held& held : tools_) {
    if (may_call(*held.tool.spec, principal)) specs.push_back(held.tool.spec);
  }
  co_return specs;
}

Task<Result<ToolResult>> ToolRunner::call(ToolCall call, CallContext context) {
  const Counted counted(under_way_);
  const Begun begun{.at = parts_.clock.now()};
  const Held* held = find(call.name, context.principal);
  if (held == nullptr) {
    refuse(call, context, {.decision = "none", .kind = "not_found", .words = "There is no such tool."});
    co_return fail(Errc::not_found, "There is no such tool.");
  }
  context.deadline = context.deadline.within(rules_.timeout);
  ToolResult result = co_await admit_and_run(*held, call.arguments, context);
  limit_size(result);
  write_down(held, call, context, begun, result);
  co_return result;
}

Task<ToolResult> ToolRunner::admit_and_run(const Held& held, const json::object& arguments, CallContext& context) {
  auto invocation = held.tool.read(arguments);
  if (!invocation) co_return error_result(invocation.error());
  if (auto admitted = co_await take_limit(held, context); !admitted) {
    context.decision = "denied";
    ToolResult refused = error_result(admitted.error(), context.deadline);
    // Told apart from a person's no.
    if (admitted.error().code == Errc::too_many_requests) refused.error_kind = "limit";
    co_return refused;
  }
  if (context.deadline.passed()) co_return too_late(context.deadline);
  co_return co_await run(held, *std::move(invocation), context);
}

Task<Result<void>> ToolRunner::take_limit(const Held& held, const CallContext& context) {
  if (limiter_ == nullptr) co_return Result<void>();
  const http::RateLimit& limit = context.principal.user_id ? held.for_person : held.for_program;
  const auto verdict = co_await limiter_->take(limit, context.principal.subject(), context.deadline);
  if (!verdict) co_return fail(verdict.error());
  if (verdict->allowed) co_return Result<void>();
  const auto wait = std::max(std::chrono::ceil<std::chrono::seconds>(verdict->renewed), std::chrono::seconds(1));
  Error error{Errc::too_many_requests, "Too many calls."};
  error.retry_after = wait;
  co_return fail(std::move(error));
}

Task<ToolResult> ToolRunner::run(const Held& held, Invocation invocation, CallContext context) {
  const Deadline deadline = context.deadline;
  try {
    auto result = co_await invocation(std::move(context));
    if (!result) co_return error_result(result.error(), deadline);
    co_return *std::move(result);
  } catch (const std::exception& bug) {
    parts_.log.error("a tool threw", {{"tool", held.tool.spec->name}, {"what", std::string_view(bug.what())}});
  }
  co_return error_result(Error{Errc::internal, {}});
}

ToolResult ToolRunner::refuse(const ToolCall& call, const CallContext& context, Refusal refusal) {
  const Held* held = find(call.name);
  const bool forbidden = refusal.kind == "not_found" && held != nullptr;
  CallContext refused = context;
  refused.decision = forbidden ? "denied" : std::move(refusal.decision);
  const ToolResult result = ToolResult::of_error(std::move(refusal.kind), std::move(refusal.words));
  write_down(held, call, refused, {.at = parts_.clock.now()}, result);
  return result;
}

void ToolRunner::write_down(const Held* held, const ToolCall& call, const CallContext& context, const Begun& begun,
                            const ToolResult& result) {
  const auto duration = std::chrono::duration_cast<std::chrono::microseconds>(Steady::now() - begun.time);
  if (held == nullptr) {
    unknown_.add();
  } else {
    (result.is_error ? held->errors : held->successes).add();
    held->seconds.observe(std::chrono::duration<double>(duration).count());
  }
  audit::ToolCallEntry entry{.id = crypto::new_uuid(begun.at),
                             .at = begun.at,
                             .session_id = context.session_id,
                             .tool_name = held == nullptr ? tame(call.name) : call.name,
                             .arguments = call.arguments,
                             .success = !result.is_error,
                             .duration = duration,
                             .result = result.text(),
                             .metadata = context.metadata,
                             .user_id = context.principal.user_id,
                             .client_id = context.principal.client_id,
                             .via = context.via,
                             .decision = context.decision,
                             .error_kind = result.error_kind,
                             .request_id = context.request_id,
                             .trace_id = context.trace_id,
                             .client_address = context.client_address};
  using Names = std::span<const std::string>;
  Names secrets = held == nullptr ? Names() : Names(held->tool.spec->secret_arguments);
  const std::array<std::string, 1> whole = {kUnreadable};
  if (!call.unreadable.empty()) {
    entry.arguments = {{kUnreadable, call.unreadable}};
    // Where in it a secret stands cannot be told: of a tool that takes some, all of it is one.
    if (!secrets.empty()) secrets = whole;
  }
  parts_.redaction.apply(entry, secrets);
  if (!call.unreadable.empty()) entry.argument_bytes = static_cast<std::int64_t>(call.unreadable.size());
  parts_.calls.append(entry);
}

}  // namespace kriya::tools
