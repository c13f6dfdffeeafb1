// The one thread that writes, and lets writes that wait together share a commit.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "runtime/deadline.h"
#include "runtime/handoff.h"
#include "storage/sqlite/connection.h"
#include "telemetry/metrics.h"

namespace kriya::storage::sqlite {

/// Group commit: while one commit waits for the disk, new writes queue up; the next commit takes them all. A write's
/// completion is called only after its commit is on disk. A write that fails (a constraint) spoils no other of its
/// group; a commit that fails (disk full) fails every one of it, and nothing of the group was changed.
class Writer {
 public:
  using Answer = Result<std::vector<Rows>>;

  Writer(std::unique_ptr<Connection> connection, std::size_t max_queued, telemetry::Metrics& metrics);
  ~Writer();  // commits what is queued, then ends

  /// All statements or none. Answers `overloaded` at once when the queue is full.
  Task<Answer> write(std::vector<BoundStatement> statements, Deadline deadline);

 private:
  struct Job {
    std::vector<BoundStatement> statements;
    Deadline deadline;
    Completion<Answer> done;
    Answer answer;
  };
  using Group = std::deque<Job>;

  void write_until_stopped();
  void commit(Group& group);
  Result<void> run_group(Group& group);
  Answer run_job(Job& job);

  std::unique_ptr<Connection> connection_;
  const std::size_t max_queued_;
  telemetry::Counter& commits_;
  telemetry::Counter& written_;
  telemetry::Histogram& commit_seconds_;

  std::mutex mutex_;
  std::condition_variable wake_;
  Group queue_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace kriya::storage::sqlite
