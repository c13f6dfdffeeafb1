// The log of tool calls as the configuration wants it, and its life.
#pragma once

#include <memory>
#include <optional>

#include "audit/file_tool_log.h"
#include "audit/redaction.h"
#include "audit/tool_call_history.h"
#include "audit/tool_call_rows.h"
#include "config/settings.h"

namespace kriya::app {

/// Where its files are and how they are written.
audit::FileToolLog::Options tool_log_options(const config::Settings& settings);

/// The metrics must not be rendered after it is gone.
class ToolLogging {
 public:
  /// Opens the files, if there shall be any, before threads start. Errors: unavailable, with words for an operator.
  static Result<std::unique_ptr<ToolLogging>> open(const config::Settings& settings, asio::io_context& context,
                                                   storage::Database& database, const telemetry::Log& log,
                                                   telemetry::Metrics& metrics);

  audit::ToolLog& log();
  const audit::Redaction& redaction() const { return redaction_; }

  /// For audit::add_tool_call_endpoints: what was logged before stays to be read when the log is off.
  audit::ToolCallHistory& history() { return history_; }

  /// Makes rows until `stop`; what is left then is stored before it ends, if the database takes it.
  Task<void> run();
  void stop();
  void reopen();

 private:
  ToolLogging(const config::Settings& settings, storage::Database& database);

  audit::Redaction redaction_;
  audit::ToolCallHistory history_;
  audit::NoToolLog off_;
  std::unique_ptr<audit::FileToolLog> files_;  // none while ENABLE_TOOL_LOGGING=false
  std::optional<audit::ToolCallRows> rows_;
};

}  // namespace kriya::app
