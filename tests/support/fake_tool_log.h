// The log of tool calls as a list that tests read.
#pragma once

#include <mutex>
#include <vector>

#include "audit/tool_log.h"

namespace kriya::tests {

class FakeToolLog final : public audit::ToolLog {
 public:
  void append(const audit::ToolCallEntry& entry) override {
    const std::scoped_lock lock(mutex_);
    entries_.push_back(entry);
  }

  std::vector<audit::ToolCallEntry> entries() const {
    const std::scoped_lock lock(mutex_);
    return entries_;
  }
  audit::ToolCallEntry last() const { return entries().back(); }

 private:
  mutable std::mutex mutex_;
  std::vector<audit::ToolCallEntry> entries_;
};

}  // namespace kriya::tests
