#include "storage/sqlite/writer.h"

#include <algorithm>
#include <chrono>

#include <pthread.h>

namespace kriya::storage::sqlite {
namespace {

// Keeps a commit short enough that the first of a group does not wait long for the last.
constexpr std::size_t kMaxGroup = 512;

}  // namespace

Writer::Writer(std::unique_ptr<Connection> connection, std::size_t max_queued, telemetry::Metrics& metrics)
    : connection_(std::move(connection)),
      max_queued_(max_queued),
      commits_(metrics.counter("kriya_database_commits_total", "Commits; one carries every write that waited for it.")),
      written_(metrics.counter("kriya_database_writes_total", "Writes asked for.")),
      commit_seconds_(metrics.histogram("kriya_database_commit_seconds", "From the start of a commit group to disk.")),
      thread_([this] { write_until_stopped(); }) {
  metrics.gauge("kriya_database_write_queue", "Writes waiting for the writer.", [this] {
    const std::scoped_lock lock(mutex_);
    return static_cast<double>(queue_.size());
  });
}

Writer::~Writer() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

Task<Writer::Answer> Writer::write(std::vector<BoundStatement> statements, Deadline deadline) {
  return handoff<Answer>([this, statements = std::move(statements), deadline](Completion<Answer> done) mutable {
    {
      const std::scoped_lock lock(mutex_);
      if (!stopping_ && queue_.size() < max_queued_) {
        queue_.push_back({std::move(statements), deadline, std::move(done), {}});
        wake_.notify_one();
        return;
      }
    }
    done(fail(Errc::overloaded, "Too many writes are waiting for the disk."));
  });
}

void Writer::write_until_stopped() {
  pthread_setname_np(pthread_self(), "sqlite-writer");
  for (;;) {
    Group group;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      while (!queue_.empty() && group.size() < kMaxGroup) {
        group.push_back(std::move(queue_.front()));
        queue_.pop_front();
      }
    }
    commit(group);
    for (Job& job : group) job.done(std::move(job.answer));
  }
}

void Writer::commit(Group& group) {
  const auto start = std::chrono::steady_clock::now();
  const Result<void> outcome = run_group(group);
  if (!outcome) {
    if (!connection_->autocommit()) (void)connection_->execute("ROLLBACK");
    for (Job& job : group) job.answer = fail(outcome.error());
  }
  commits_.add();
  written_.add(group.size());
  commit_seconds_.observe(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
}

Result<void> Writer::run_group(Group& group) {
  // Before the wait for the file, which another process may hold.
  if (std::ranges::all_of(group, [](const Job& job) { return job.deadline.passed(); })) {
    return fail(Errc::unavailable, "The writes waited too long for the disk.");
  }
  if (auto begun = connection_->execute("BEGIN IMMEDIATE"); !begun) return begun;
  for (Job& job : group) {
    if (job.deadline.passed()) {
      job.answer = fail(Errc::unavailable, "The write waited too long for the disk.");
      continue;
    }
    job.answer = run_job(job);
    // SQLite ends the whole transaction by itself when the disk is full or fails: then nobody's write is in it.
    if (connection_->autocommit()) {
      return fail(job.answer ? Error{Errc::unavailable, "The transaction ended early."} : job.answer.error());
    }
  }
  return connection_->execute("COMMIT");
}

Writer::Answer Writer::run_job(Job& job) {
  // A single statement undoes itself when it fails; several need a savepoint to be undone together.
  const bool several = job.statements.size() > 1;
  if (several) {
    if (auto saved = connection_->execute("SAVEPOINT job"); !saved) return fail(saved.error());
  }
  std::vector<Rows> all;
  for (const BoundStatement& bound : job.statements) {
    auto rows = connection_->run(bound.statement, bound.values);
    if (!rows) {
      if (several && !connection_->autocommit()) (void)connection_->execute("ROLLBACK TO job; RELEASE job");
      return fail(rows.error());
    }
    all.push_back(*std::move(rows));
  }
  if (several) {
    if (auto released = connection_->execute("RELEASE job"); !released) return fail(released.error());
  }
  return all;
}

}  // namespace kriya::storage::sqlite
