// The connections of one I/O thread, and which job goes where.
//
// Lookups share a connection, many in flight: they never wait behind a commit. The others ("workers", opened as they
// are needed) carry writes and scans, one at a time, so that nothing waits behind their locks. What waits at the same
// time travels together: keys looked up in one turn of the loop, or while two queries are under way, share a query;
// writes that wait for a worker share a commit.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <vector>

#include <boost/asio/steady_timer.hpp>

#include "runtime/handoff.h"
#include "runtime/worker_pool.h"
#include "storage/failure_log.h"
#include "storage/postgres/availability.h"
#include "storage/postgres/connect.h"
#include "storage/postgres/lookup_batch.h"
#include "storage/postgres/pipeline_connection.h"

namespace kriya::storage::postgres {

/// What all lanes have in common.
struct LaneParts {
  ConnectOptions connect;
  unsigned workers = 3;  // connections beside the one for lookups
  const telemetry::Log& log;
  WorkerPool& blocking;  // for what blocks in libpq
  Availability availability;
  telemetry::Counter& queries;
  telemetry::Counter& lookups;
  telemetry::Counter& lookup_queries;
  telemetry::Counter& repeated;
  telemetry::Counter& commits;
  telemetry::Counter& writes;
  std::atomic<std::int64_t> open_connections{0};
};

/// Everything happens on the one thread that runs `context`; destroyed when that thread has ended.
class Lane final : PipelineConnection::Owner {
 public:
  Lane(asio::io_context& context, LaneParts& parts);
  ~Lane();

  void submit(std::unique_ptr<Job> job);
  void look_up(const Statement& by_keys, LookupBatch::Waiter waiter);

 private:
  /// A place for a connection, and when to try to fill it again.
  struct Slot {
    std::shared_ptr<PipelineConnection> connection;
    bool connecting = false;
    unsigned failures = 0;  // attempts in a row that failed
    Deadline::Steady::time_point retry_at{};
    Deadline::Steady::time_point writes_since{};  // when a worker was given writes that share a commit
  };
  /// Keys that wait for the next query of one statement.
  struct Gathering {
    Statement statement;
    std::vector<LookupBatch::Waiter> waiters;
    bool scheduled = false;
    unsigned in_flight = 0;
  };

  void on_finished(PipelineConnection& from, std::vector<PipelineConnection::Finished> finished) override;
  void on_lost(PipelineConnection& from, std::deque<std::unique_ptr<Job>> unanswered, Error why) override;

  void hand_out();
  void hand_out_reads();
  void hand_out_work();
  void schedule_work();
  bool worth_gathering() const;
  Slot* idle_worker();
  std::unique_ptr<Job> next_work();
  void open_one_more_worker();
  bool out_of_reach(const Slot& slot) const;
  bool workers_out_of_reach() const;
  void refuse_later(std::unique_ptr<Job> job, Error why);
  void refuse_waiting(std::deque<std::unique_ptr<Job>>& queue);

  void open(Slot& slot);
  Task<void> connect(Slot& slot);
  Slot& slot_of(const PipelineConnection& connection);
  void empty(Slot& slot);
  void replace_if_spent(Slot& slot);

  void repeat_or_finish(PipelineConnection::Finished finished);
  bool may_repeat(const Job& job) const;
  void enqueue(std::unique_ptr<Job> job);

  void schedule(Gathering& gathering);
  void send_gathered(Gathering& gathering);

  void watch();
  void check_deadlines();
  void check_connection(Slot& slot, Deadline::Steady::time_point now);
  Task<void> cancel(std::shared_ptr<PGcancel> canceller);

  asio::io_context& context_;
  LaneParts& parts_;
  Slot reader_;
  std::vector<Slot> workers_;
  std::deque<std::unique_ptr<Job>> reads_;  // wait for the reader
  std::deque<std::unique_ptr<Job>> work_;   // waits for a worker
  std::map<const char*, Gathering> gathering_;
  asio::steady_timer watch_timer_;
  bool watching_ = false;
  bool work_scheduled_ = false;
};

}  // namespace kriya::storage::postgres
