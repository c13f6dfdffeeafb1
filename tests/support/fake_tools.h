// Tools that do what a test tells them.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/json.h"
#include "runtime/mailbox.h"
#include "tools/tool.h"

namespace kriya::tests {

class FakeTools final : public tools::ToolSource {
 public:
  using Behaviour = std::function<Task<Result<tools::ToolResult>>(tools::ToolCall, tools::CallContext)>;

  tools::ToolSpec& add(const std::string& name, Behaviour behaviour, bool read_only = true,
                       json::object schema = {{"type", "object"}}) {
    auto spec = std::make_shared<tools::ToolSpec>();
    spec->name = name;
    spec->description = "Does " + name + ".";
    spec->input_schema = std::move(schema);
    spec->annotations.read_only = read_only;
    specs_.push_back(spec);
    behaviours_[name] = std::move(behaviour);
    return *spec;
  }

  Task<Result<std::vector<std::shared_ptr<const tools::ToolSpec>>>> list(http::Principal, Deadline) override {
    if (list_failure) co_return fail(*list_failure);
    co_return std::vector<std::shared_ptr<const tools::ToolSpec>>(specs_.begin(), specs_.end());
  }

  Task<Result<tools::ToolResult>> call(tools::ToolCall call, tools::CallContext context) override {
    {
      const std::lock_guard lock(mutex_);
      calls.push_back(call);
      contexts.push_back(context);
    }
    const auto found = behaviours_.find(call.name);
    if (found == behaviours_.end()) co_return fail(Errc::not_found, "There is no tool of that name.");
    co_return co_await found->second(std::move(call), std::move(context));
  }

  std::vector<tools::ToolCall> calls;
  std::vector<tools::CallContext> contexts;
  std::optional<Error> list_failure;

 private:
  std::mutex mutex_;
  std::vector<std::shared_ptr<tools::ToolSpec>> specs_;
  std::map<std::string, Behaviour> behaviours_;
};

inline Task<Result<tools::ToolResult>> adding(tools::ToolCall call, tools::CallContext) {
  const auto a = call.arguments.at("a").to_number<std::int64_t>();
  const auto b = call.arguments.at("b").to_number<std::int64_t>();
  co_return tools::ToolResult::of_text(std::to_string(a + b));
}

/// Ends only when it is stopped.
inline Task<Result<tools::ToolResult>> hanging(tools::ToolCall, tools::CallContext context) {
  const auto box = std::make_shared<Mailbox<int>>(co_await asio::this_coro::executor);
  const std::stop_callback stopped(context.deadline.stop(), [box] { box->close(); });
  co_await box->take(std::chrono::milliseconds(30'000));
  co_return tools::ToolResult::of_error("cancelled", "Stopped.");
}

inline json::object add_schema() {
  return parse_json(R"({"type":"object","required":["a","b"],"properties":{
      "a":{"type":"integer","description":"The first."},"b":{"type":"integer"}}})")
      ->as_object();
}

}  // namespace kriya::tests
