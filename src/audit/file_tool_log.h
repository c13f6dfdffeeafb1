// The log in files: tool_calls.json and tool_calls.log in LOG_DIR.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "audit/chained_file.h"
#include "audit/log_follower.h"
#include "audit/log_head.h"
#include "audit/tool_log.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

namespace kriya::audit {

/// One writer of files. A call of `append` is two writes, which the system keeps even if this process is killed then; a
/// thread brings them to the disk every second. What cannot be written is counted and said in the log once, and the
/// next line that can be written is preceded by one that says how many are missing.
///
/// The metrics must not be rendered after it is gone.
class FileToolLog final : public ToolLog {
 public:
  struct Options {
    std::filesystem::path folder;  // made with mode 0700 when missing
    Secret master_key;
    std::uint64_t file_bytes = 100'000'000;  // a file of this size is put aside
    unsigned kept_files = 0;                 // of those put aside, of each kind; 0: all
    std::size_t queue = 10'000;              // entries that wait in memory for their rows
  };

  /// Takes the first writer's place in the folder that is free. Errors: unavailable, with words for an operator.
  static Result<std::unique_ptr<FileToolLog>> open(Options options, const telemetry::Log& log,
                                                   telemetry::Metrics& metrics);
  ~FileToolLog() override;

  void append(const ToolCallEntry& entry) override;

  /// After logrotate has moved the files away: the chains go on in new ones.
  void reopen();

  /// Entries that are no rows yet, oldest first.
  struct Batch {
    std::vector<ToolCallEntry> entries;
    std::uint64_t through = 0;  // all lines up to this number are rows once these are
  };

  /// From memory, or from the files after a crash or when too many wait. For one caller at a time, which says `stored`
  /// before it asks again.
  Batch unstored(std::size_t limit);
  void stored(const Batch& batch);

  unsigned writer() const { return writer_; }

  /// Brings to the disk what was written, and the head up to date; what the thread does every second.
  void sync();

 private:
  struct Pending {
    std::uint64_t sequence = 0;  // 0: not in the file
    ToolCallEntry entry;
  };

  FileToolLog(Options options, unsigned writer, FileHandle lock, const telemetry::Log& log,
              telemetry::Metrics& metrics);
  Result<void> open_files();
  Link last_link(Framing framing) const;
  bool add(ChainedFile& file, std::vector<std::string>& bodies, std::uint64_t& lost);
  void enqueue(Pending pending);
  void say_failure(int error);
  void note_head_is_gone(bool exists);
  std::vector<std::filesystem::path> old_files(LogHead& head) const;
  void sync_until_stopped();

  Options options_;
  unsigned writer_;
  FileHandle lock_;
  const telemetry::Log& log_;
  ChainKey key_;
  telemetry::Counter& logged_;
  telemetry::Counter& lost_total_;

  std::mutex mutex_;  // guards what follows up to `syncing_`
  std::optional<ChainedFile> json_;
  std::optional<ChainedFile> text_;
  std::uint64_t lost_json_ = 0;  // since the last line that was written
  std::uint64_t lost_text_ = 0;
  bool failing_ = false;
  std::deque<Pending> queue_;
  std::uint64_t stored_ = 0;
  bool behind_ = false;  // the files have entries that are neither rows nor queued
  bool stopping_ = false;
  std::condition_variable wake_;

  std::mutex syncing_;  // guards what follows, and is taken first
  LogHead written_head_;
  Link json_before_;  // as in LogHead
  Link text_before_;
  std::shared_ptr<const FileHandle> synced_json_;
  std::shared_ptr<const FileHandle> synced_text_;

  std::optional<LogFollower> follower_;  // of the caller of `unstored`
  std::thread thread_;
};

/// ENABLE_TOOL_LOGGING=false.
class NoToolLog final : public ToolLog {
 public:
  void append(const ToolCallEntry&) override {}
};

}  // namespace kriya::audit
