// Makes rows of what stands in the files, over and over.
#pragma once

#include <boost/asio/steady_timer.hpp>

#include "audit/file_tool_log.h"
#include "audit/tool_call_store.h"
#include "runtime/task.h"

namespace kriya::audit {

/// Runs on the executor of its context; ends when `stop` was called and all is stored, or the database is away. What it
/// leaves the next start brings in from the files.
class ToolCallRows {
 public:
  ToolCallRows(asio::io_context& context, FileToolLog& files, storage::Database& database, const telemetry::Log& log);

  Task<void> run();
  void stop();

  /// Stores one batch. Returns how many entries it had; 0: there was none, or the database did not take it, and the
  /// same batch comes again.
  Task<std::size_t> step();

 private:
  Task<void> store_one_by_one();

  asio::steady_timer timer_;
  FileToolLog& files_;
  ToolCallStore store_;
  const telemetry::Log& log_;
  FileToolLog::Batch batch_;  // that the database has not taken yet
  bool stopping_ = false;
};

}  // namespace kriya::audit
