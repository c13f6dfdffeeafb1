// The rows of the log: the lines of tool_calls.json, to be searched. They are kept: nothing sweeps an audit log.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "audit/tool_log.h"
#include "storage/database.h"

namespace kriya::audit {

struct ToolCallFilter {
  std::optional<Uuid> before = {};      // older than this one
  std::optional<Timestamp> from = {};   // at that time or later
  std::optional<Timestamp> until = {};  // earlier than that
  std::optional<Uuid> user_id = {};
  std::optional<std::string> client_id = {};
  bool of_no_user = false;  // of programs by themselves alone
  std::optional<std::string> tool_name = {};
  std::optional<std::string> session_id = {};
  std::optional<bool> success = {};
  std::int64_t limit = 50;
};

/// Stateless; safe to use from every thread. Errors of every call: those of Database.
class ToolCallStore {
 public:
  explicit ToolCallStore(storage::Database& database) : database_(database) {}

  /// All of them or none; those that are rows already stay as they are.
  Task<Result<void>> add(const std::vector<ToolCallEntry>& entries, Deadline deadline);

  /// Newest first.
  Task<Result<std::vector<ToolCallEntry>>> list(ToolCallFilter filter, Deadline deadline);

 private:
  storage::Database& database_;
};

}  // namespace kriya::audit
