// What is taken out of a call before anything of it is written down.
#pragma once

#include <span>
#include <string>

#include <boost/json/serialize.hpp>

#include "audit/tool_log.h"

namespace kriya::audit {

enum class Phones { masked, full };

class Redaction {
 public:
  explicit Redaction(Phones) {}

  void apply(ToolCallEntry& entry, std::span<const std::string> secret_arguments) const {
    entry.argument_bytes = static_cast<std::int64_t>(json::serialize(entry.arguments).size());
    entry.result_bytes = static_cast<std::int64_t>(entry.result.size());
    for (const std::string& name : secret_arguments) {
      if (!entry.arguments.contains(name)) continue;
      entry.arguments[name] = "[redacted]";
      ++entry.redactions;
    }
  }
};

}  // namespace kriya::audit
