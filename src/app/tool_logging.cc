#include "app/tool_logging.h"

namespace kriya::app {

audit::FileToolLog::Options tool_log_options(const config::Settings& settings) {
  return {.folder = settings.log_dir,
          .master_key = settings.master_key,
          .file_bytes = std::uint64_t{settings.tool_log_file_megabytes} * 1'000'000,
          .kept_files = settings.tool_log_files};
}

ToolLogging::ToolLogging(const config::Settings& settings, storage::Database& database)
    : redaction_(settings.tool_log_phones == config::LoggedPhones::masked ? audit::Phones::masked
                                                                          : audit::Phones::full),
      history_(database) {}

Result<std::unique_ptr<ToolLogging>> ToolLogging::open(const config::Settings& settings, asio::io_context& context,
                                                       storage::Database& database, const telemetry::Log& log,
                                                       telemetry::Metrics& metrics) {
  std::unique_ptr<ToolLogging> logging(new ToolLogging(settings, database));
  if (!settings.enable_tool_logging) return logging;
  auto files = audit::FileToolLog::open(tool_log_options(settings), log, metrics);
  if (!files) return fail(std::move(files.error()));
  logging->files_ = *std::move(files);
  logging->rows_.emplace(context, *logging->files_, database, log);
  return logging;
}

audit::ToolLog& ToolLogging::log() {
  if (files_) return *files_;
  return off_;
}

Task<void> ToolLogging::run() {
  if (rows_) co_await rows_->run();
}

void ToolLogging::stop() {
  if (rows_) rows_->stop();
}

void ToolLogging::reopen() {
  if (files_) files_->reopen();
}

}  // namespace kriya::app
