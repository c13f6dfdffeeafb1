#include "storage/postgres/postgres_database.h"

#include <thread>

#include <boost/asio/post.hpp>
#include <pthread.h>

#include "storage/postgres/lane.h"

namespace kriya::storage::postgres {
namespace {

constexpr unsigned kBlockingThreads = 2;
constexpr std::size_t kMaxBlocking = 1024;

/// A job with one coroutine that waits for it.
class AwaitedJob final : public Job {
 public:
  AwaitedJob(std::vector<BoundStatement> work, Deadline until, Completion<Answer> done)
      : Job(std::move(work), until), done_(std::move(done)) {}

  void finish(Answer answer) override {
    if (auto done = std::exchange(done_, std::nullopt)) done->go_on(std::move(answer));
  }

  void give_up(Deadline::Steady::time_point now) override {
    if (!writes && deadline.passed_at(now)) finish(fail(Errc::unavailable, "PostgreSQL did not answer in time."));
  }

 private:
  std::optional<Completion<Answer>> done_;
};

Result<Rows> first_of(Job::Answer answer) {
  if (!answer) return fail(answer.error());
  return std::move(answer->front());
}

}  // namespace

struct PostgresDatabase::Parts {
  Parts(const Options& options, IoThreads* threads, const telemetry::Log& log, telemetry::Metrics& metrics)
      : failures(log, metrics),
        lookup_seconds(metrics.histogram("kriya_database_lookup_seconds", "Indexed reads, from call to rows.")),
        shared{.connect = {.url = options.url, .keeps_sessions = options.keeps_sessions},
               .workers = std::max(options.connections_per_thread, 2U) - 1,
               .log = log,
               .blocking = blocking,
               .availability = Availability(log, metrics),
               .queries = metrics.counter("kriya_database_queries_total", "Statements sent to PostgreSQL."),
               .lookups =
                   metrics.counter("kriya_database_lookups_total", "Keys looked up, in whatever number of queries."),
               .lookup_queries =
                   metrics.counter("kriya_database_lookup_queries_total", "Queries that carried the keys looked up."),
               .repeated = metrics.counter("kriya_database_repeated_total",
                                           "Statements sent again after a deadlock or a lost connection."),
               .commits = metrics.counter("kriya_database_commits_total",
                                          "Commits; one carries every write that waited for it."),
               .writes = metrics.counter("kriya_database_writes_total", "Writes asked for.")},
        own_lane(own_context, shared),
        own_work(own_context.get_executor()),
        blocking(kBlockingThreads, kMaxBlocking) {
    for (unsigned i = 0; threads != nullptr && i < threads->count(); ++i) {
      lanes.push_back(std::make_unique<Lane>(threads->context(i), shared));
    }
    own_thread = std::thread([this] {
      pthread_setname_np(pthread_self(), "postgres");
      own_context.run();
    });
  }

  ~Parts() {
    own_context.stop();
    own_thread.join();
  }

  /// Calls `work(lane)` on the lane of this thread, or posts it to that of all other threads.
  template <class Work>
  void on_lane(Work work) {
    const int thread = IoThreads::current();
    if (thread >= 0 && static_cast<std::size_t>(thread) < lanes.size()) {
      work(*lanes[static_cast<std::size_t>(thread)]);
    } else {
      asio::post(own_context, [this, work = std::move(work)]() mutable { work(own_lane); });
    }
  }

  Task<Job::Answer> perform(std::vector<BoundStatement> statements, Deadline deadline);

  FailureLog failures;
  telemetry::Histogram& lookup_seconds;
  asio::io_context own_context{1};
  LaneParts shared;
  std::vector<std::unique_ptr<Lane>> lanes;  // one an I/O thread
  Lane own_lane;
  asio::executor_work_guard<Executor> own_work;
  std::thread own_thread;
  WorkerPool blocking;  // last: it ends first, and its jobs answer to the lanes
};

PostgresDatabase::PostgresDatabase(const Options& options, IoThreads* threads, const telemetry::Log& log,
                                   telemetry::Metrics& metrics)
    : parts_(std::make_unique<Parts>(options, threads, log, metrics)) {
  metrics.gauge("kriya_database_connections", "Open connections to PostgreSQL.",
                [parts = parts_.get()] { return static_cast<double>(parts->shared.open_connections.load()); });
  metrics.gauge("kriya_database_queries_per_thousand_lookups",
                "How many queries a thousand token checks cost: lookups in flight together share one.",
                [parts = parts_.get()] {
                  const auto lookups = static_cast<double>(parts->shared.lookups.total());
                  const auto queries = static_cast<double>(parts->shared.lookup_queries.total());
                  return lookups == 0 ? 0 : 1000 * queries / lookups;
                });
}

PostgresDatabase::~PostgresDatabase() = default;

Task<Job::Answer> PostgresDatabase::Parts::perform(std::vector<BoundStatement> statements, Deadline deadline) {
  for (const BoundStatement& bound : statements) {
    if (std::ranges::any_of(bound.values, holds_nul)) co_return fail(text_holds_nul());
  }
  auto answer = co_await handoff<Job::Answer>([this, statements = std::move(statements),
                                               deadline](Completion<Job::Answer> done) mutable {
    on_lane([job = std::make_unique<AwaitedJob>(std::move(statements), deadline, std::move(done))](Lane& lane) mutable {
      lane.submit(std::move(job));
    });
  });
  co_return failures.reported(std::move(answer));
}

Task<Result<Rows>> PostgresDatabase::run(const Statement& statement, std::vector<Value> values, Deadline deadline) {
  std::vector<BoundStatement> single;
  single.push_back({statement, std::move(values)});
  co_return first_of(co_await parts_->perform(std::move(single), deadline));
}

Task<Result<Rows>> PostgresDatabase::look_up(const Statement& by_keys, Value key, Deadline deadline) {
  if (holds_nul(key)) co_return fail(text_holds_nul());
  const auto start = std::chrono::steady_clock::now();
  auto rows = co_await handoff<Result<Rows>>(
      [parts = parts_.get(), by_keys, key = std::move(key), deadline](Completion<Result<Rows>> done) mutable {
        parts->on_lane([by_keys, waiter = LookupBatch::Waiter{std::move(key), deadline, std::move(done)}](
                           Lane& lane) mutable { lane.look_up(by_keys, std::move(waiter)); });
      });
  parts_->lookup_seconds.observe(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  co_return parts_->failures.reported(std::move(rows));
}

Task<Result<std::vector<Rows>>> PostgresDatabase::transact(std::vector<BoundStatement> statements, Deadline deadline) {
  return parts_->perform(std::move(statements), deadline);
}

}  // namespace kriya::storage::postgres
