// The log of tool calls: the port. What is handed over is redacted already (audit/redaction.h).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/json.h"
#include "base/time.h"
#include "base/uuid.h"

namespace kriya::audit {

/// One call. A line of tool_calls.json and a row of the table `tool_calls`.
struct ToolCallEntry {
  Uuid id;  // version 7: in the order of time
  Timestamp at;
  std::string session_id;
  std::string tool_name;
  json::object arguments;
  bool success = false;
  std::chrono::microseconds duration{};
  std::string result;     // the text content joined; cut when it is long
  json::object metadata;  // model, api, ...

  std::optional<Uuid> user_id = {};
  std::string client_id = {};
  std::string via = {};
  std::string upstream = {};
  std::string decision = {};
  std::string error_kind = {};
  std::string request_id = {};
  std::string trace_id = {};
  std::string client_address = {};
  std::int64_t argument_bytes = 0;  // as they came
  std::int64_t result_bytes = 0;
  std::int64_t redactions = 0;  // places where something was taken out
};

/// Safe to use from every thread.
class ToolLog {
 public:
  virtual ~ToolLog() = default;

  /// Writes the entry down: when it returns, the end of this process loses it no more. Takes microseconds, and never
  /// fails the call that it is about; what could not be written is counted and said in the log.
  virtual void append(const ToolCallEntry& entry) = 0;
};

}  // namespace kriya::audit
