#include "storage/postgres/lane.h"

#include <algorithm>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>

#include "storage/postgres/write_group.h"

namespace kriya::storage::postgres {
namespace {

using Steady = Deadline::Steady;
using std::chrono::milliseconds;

constexpr std::size_t kMaxWaitingJobs = 4096;
constexpr std::size_t kMaxWaitingKeys = 16'384;
constexpr std::size_t kMaxKeys = 256;         // in one query
constexpr unsigned kMaxGatheredInFlight = 2;  // queries of one statement; meanwhile keys gather
constexpr std::size_t kMaxInFlight = 32;      // jobs on the connection for lookups
constexpr std::size_t kMaxGroup = 32;         // writes in one commit
constexpr std::size_t kMaxGroupStatements = 128;
constexpr milliseconds kWorthWaiting{5};  // for a commit under way
constexpr int kMaxAttempts = 3;
constexpr milliseconds kWaitForConnection{2'000};
constexpr milliseconds kReadLimit{3'000};
constexpr milliseconds kWorkLimit{30'000};
constexpr milliseconds kCancelGrace{1'000};  // between asking the server to stop and giving the connection up
constexpr milliseconds kFirstRetry{100};
constexpr milliseconds kLastRetry{2'000};
constexpr milliseconds kWatchPeriod{50};

bool is_lookup(const Job& job) { return !job.writes && !job.alone; }

Error away() { return {Errc::unavailable, "PostgreSQL is away."}; }

}  // namespace

Lane::Lane(asio::io_context& context, LaneParts& parts)
    : context_(context), parts_(parts), workers_(parts.workers), watch_timer_(context) {}

Lane::~Lane() = default;

void Lane::submit(std::unique_ptr<Job> job) {
  if (job->deadline.passed()) {
    refuse_later(std::move(job), {Errc::unavailable, "It was too late to ask PostgreSQL."});
  } else if (reads_.size() + work_.size() >= kMaxWaitingJobs) {
    refuse_later(std::move(job), {Errc::overloaded, "Too much is waiting for PostgreSQL."});
  } else {
    enqueue(std::move(job));
    hand_out();
  }
}

void Lane::enqueue(std::unique_ptr<Job> job) {
  job->wait_until = job->deadline.within(kWaitForConnection);
  auto& queue = is_lookup(*job) ? reads_ : work_;
  queue.push_back(std::move(job));
  watch();
}

/// Not at once: the coroutine that asks is just about to wait.
void Lane::refuse_later(std::unique_ptr<Job> job, Error why) {
  asio::post(context_, [job = std::move(job), why = std::move(why)] { job->finish(fail(why)); });
}

// ---- keys that travel together ----

void Lane::look_up(const Statement& by_keys, LookupBatch::Waiter waiter) {
  parts_.lookups.add();
  Gathering& gathering = gathering_.try_emplace(by_keys.sql, Gathering{by_keys, {}}).first->second;
  if (gathering.waiters.size() >= kMaxWaitingKeys || waiter.deadline.passed()) {
    (*waiter.done)(fail(Errc::overloaded, "Too much is waiting for PostgreSQL."));
    return;
  }
  gathering.waiters.push_back(std::move(waiter));
  schedule(gathering);
}

/// The query leaves when the handlers that are ready now have run: what they look up comes along.
void Lane::schedule(Gathering& gathering) {
  if (gathering.scheduled || gathering.in_flight >= kMaxGatheredInFlight || gathering.waiters.empty()) return;
  gathering.scheduled = true;
  asio::post(context_, [this, &gathering] {
    gathering.scheduled = false;
    send_gathered(gathering);
    schedule(gathering);
  });
}

void Lane::send_gathered(Gathering& gathering) {
  if (gathering.waiters.empty()) return;
  const auto count = std::min(gathering.waiters.size(), kMaxKeys);
  const auto end = gathering.waiters.begin() + static_cast<std::ptrdiff_t>(count);
  std::vector<LookupBatch::Waiter> waiters(std::move_iterator(gathering.waiters.begin()), std::move_iterator(end));
  gathering.waiters.erase(gathering.waiters.begin(), end);
  ++gathering.in_flight;
  parts_.lookup_queries.add();
  enqueue(std::make_unique<LookupBatch>(gathering.statement, std::move(waiters), Deadline::after(kReadLimit),
                                        [this, &gathering] {
                                          --gathering.in_flight;
                                          schedule(gathering);
                                        }));
  hand_out_reads();
}

// ---- handing out ----

void Lane::hand_out() {
  if (!reads_.empty()) hand_out_reads();
  if (!work_.empty()) schedule_work();
}

void Lane::hand_out_reads() {
  if (!reader_.connection) {
    if (out_of_reach(reader_)) return refuse_waiting(reads_);
    if (!reader_.connecting) open(reader_);
    return;
  }
  while (!reads_.empty() && !reader_.connection->retired() && reader_.connection->in_flight() < kMaxInFlight) {
    auto job = std::move(reads_.front());
    reads_.pop_front();
    job->stop_at = job->deadline.within(kReadLimit);
    reader_.connection->send(std::move(job));
  }
}

/// Like lookups, writes leave when the handlers that are ready now have run, together.
void Lane::schedule_work() {
  if (work_scheduled_) return;
  work_scheduled_ = true;
  asio::post(context_, [this] {
    work_scheduled_ = false;
    hand_out_work();
  });
}

void Lane::hand_out_work() {
  while (!work_.empty() && !worth_gathering()) {
    Slot* worker = idle_worker();
    if (worker == nullptr) {
      open_one_more_worker();
      break;
    }
    auto job = next_work();
    job->stop_at = job->deadline.within(kWorkLimit);
    worker->writes_since = job->writes && !job->by_itself ? Steady::now() : Steady::time_point();
    worker->connection->send(std::move(job));
  }
  if (!work_.empty() && workers_out_of_reach()) refuse_waiting(work_);
}

/// While a commit is on its way, writes wait for its end and share the next one: half of the server's work on a write
/// is the commit. Not when it takes long (it may wait for a lock), nor when enough have come together.
bool Lane::worth_gathering() const {
  const Job& first = *work_.front();
  if (!first.writes || first.by_itself || work_.size() >= kMaxGroup) return false;
  const auto now = Steady::now();
  return std::ranges::any_of(workers_, [&](const Slot& slot) {
    return slot.connection && slot.connection->in_flight() > 0 && now - slot.writes_since < kWorthWaiting;
  });
}

Lane::Slot* Lane::idle_worker() {
  const auto idle = [](const Slot& slot) {
    return slot.connection && !slot.connection->retired() && slot.connection->in_flight() == 0;
  };
  const auto found = std::ranges::find_if(workers_, idle);
  return found == workers_.end() ? nullptr : &*found;
}

/// The first job, with the writes right behind it when it is a write that may share its commit.
std::unique_ptr<Job> Lane::next_work() {
  std::vector<std::unique_ptr<Job>> together;
  std::size_t statements = 0;
  const auto may_share = [](const Job& job) { return job.writes && !job.by_itself; };
  do {
    together.push_back(std::move(work_.front()));
    work_.pop_front();
    statements += together.back()->statements.size();
  } while (!work_.empty() && together.size() < kMaxGroup && statements < kMaxGroupStatements &&
           may_share(*together.back()) && may_share(*work_.front()));
  if (together.front()->writes) {
    parts_.commits.add();
    parts_.writes.add(together.size());
  }
  if (together.size() == 1) return std::move(together.front());
  return std::make_unique<WriteGroup>(std::move(together));
}

void Lane::open_one_more_worker() {
  if (std::ranges::any_of(workers_, &Slot::connecting)) return;
  const auto now = Steady::now();
  for (Slot& slot : workers_) {
    if (!slot.connection && now >= slot.retry_at) return open(slot);
  }
}

bool Lane::out_of_reach(const Slot& slot) const { return !slot.connection && slot.failures > 0; }

/// None is open or about to be for the first time, and one has failed.
bool Lane::workers_out_of_reach() const {
  const auto hopeful = [](const Slot& slot) { return slot.connection || (slot.connecting && slot.failures == 0); };
  const auto failed = [this](const Slot& slot) { return out_of_reach(slot); };
  return std::ranges::none_of(workers_, hopeful) && std::ranges::any_of(workers_, failed);
}

void Lane::refuse_waiting(std::deque<std::unique_ptr<Job>>& queue) {
  while (!queue.empty()) {
    auto job = std::move(queue.front());
    queue.pop_front();
    refuse_later(std::move(job), away());
  }
}

// ---- connections ----

void Lane::open(Slot& slot) {
  slot.connecting = true;
  asio::co_spawn(context_.get_executor(), connect(slot), asio::detached);
  watch();
}

Task<void> Lane::connect(Slot& slot) {
  const ConnectOptions& options = parts_.connect;
  auto handle = co_await parts_.blocking.run<Handle>([&options] { return connect_for_pipeline(options); });
  slot.connecting = false;
  if (handle) {
    parts_.availability.found();
    parts_.open_connections.fetch_add(1);
    slot.failures = 0;
    PipelineConnection::Owner& owner = *this;
    slot.connection = std::make_shared<PipelineConnection>(context_, *std::move(handle), options.keeps_sessions, owner,
                                                           parts_.queries);
    slot.connection->start();
    if (&slot == &reader_) {  // the server is back for all
      for (Slot& worker : workers_) worker.failures = 0, worker.retry_at = {};
    }
  } else {
    parts_.availability.lost(handle.error());
    const auto pause = std::min(kFirstRetry * (1 << std::min(slot.failures, 5U)), kLastRetry);
    const auto jitter = milliseconds(Steady::now().time_since_epoch().count() % (pause.count() / 2 + 1));
    slot.retry_at = Steady::now() + pause / 2 + jitter;
    ++slot.failures;
  }
  watch();
  hand_out();
}

Lane::Slot& Lane::slot_of(const PipelineConnection& connection) {
  const auto found =
      std::ranges::find_if(workers_, [&](const Slot& slot) { return slot.connection.get() == &connection; });
  return found == workers_.end() ? reader_ : *found;
}

void Lane::empty(Slot& slot) {
  slot.connection.reset();
  parts_.open_connections.fetch_sub(1);
}

void Lane::replace_if_spent(Slot& slot) {
  if (!slot.connection || !slot.connection->retired() || slot.connection->in_flight() > 0) return;
  slot.connection->close();
  empty(slot);
  open(slot);
}

// ---- results ----

void Lane::on_finished(PipelineConnection& from, std::vector<PipelineConnection::Finished> finished) {
  for (auto& one : finished) {
    if (one.failure && one.failure->stale_connection) from.retire();
    repeat_or_finish(std::move(one));
  }
  replace_if_spent(slot_of(from));
  hand_out();
}

void Lane::repeat_or_finish(PipelineConnection::Finished finished) {
  const auto& failure = finished.failure;
  // A cancel request hits whatever the server is at when it arrives, which may be the next job.
  const bool hit_by_mistake = failure && failure->cancelled && !finished.job->cancelled;
  if (failure && (failure->worth_repeating || hit_by_mistake) && may_repeat(*finished.job)) {
    ++finished.job->attempts;
    parts_.repeated.add();
    enqueue(std::move(finished.job));
    return;
  }
  if (failure) {
    if (auto members = finished.job->take_apart(); !members.empty()) {  // undone as a whole: each by itself now
      for (auto& member : members) {
        if (may_repeat(*member)) {
          enqueue(std::move(member));
        } else {
          member->finish(fail(failure->error));
        }
      }
      return;
    }
  }
  finished.job->finish(std::move(finished.answer));
}

bool Lane::may_repeat(const Job& job) const {
  return job.attempts + 1 < kMaxAttempts && !job.cancelled && !job.deadline.passed();
}

void Lane::on_lost(PipelineConnection& from, std::deque<std::unique_ptr<Job>> unanswered, Error why) {
  Slot& slot = slot_of(from);
  empty(slot);
  parts_.log.debug("a connection to PostgreSQL is lost", {{"cause", why.detail}});
  if (&slot == &reader_) open(slot);
  for (auto& job : unanswered) {
    if (!job->writes && may_repeat(*job)) {
      ++job->attempts;
      parts_.repeated.add();
      enqueue(std::move(job));
    } else {
      job->finish(fail(why));
    }
  }
  hand_out();
}

// ---- deadlines ----

/// Looks after deadlines and reconnection for as long as there is anything to wait for.
void Lane::watch() {
  if (watching_) return;
  watching_ = true;
  watch_timer_.expires_after(kWatchPeriod);
  watch_timer_.async_wait([this](const boost::system::error_code& ec) {
    watching_ = false;
    if (!ec) check_deadlines();
  });
}

void Lane::check_deadlines() {
  const auto now = Steady::now();
  for (auto* queue : {&reads_, &work_}) {
    std::deque<std::unique_ptr<Job>> kept;
    for (auto& job : std::exchange(*queue, {})) {
      const bool late = job->wait_until.passed_at(now);
      if (!late) job->give_up(now);
      late ? refuse_later(std::move(job), {Errc::unavailable, "No connection to PostgreSQL was free in time."})
           : kept.push_back(std::move(job));
    }
    *queue = std::move(kept);
  }
  bool gathering = false;
  for (auto& [sql, keys] : gathering_) {
    for (LookupBatch::Waiter& waiter : keys.waiters) {
      if (waiter.deadline.passed_at(now)) (*waiter.done)(fail(Errc::unavailable, "PostgreSQL did not answer in time."));
    }
    std::erase_if(keys.waiters, [now](const auto& waiter) { return waiter.deadline.passed_at(now); });
    gathering = gathering || !keys.waiters.empty();
  }
  check_connection(reader_, now);
  for (Slot& slot : workers_) check_connection(slot, now);
  if (!reader_.connection && !reader_.connecting && now >= reader_.retry_at) open(reader_);
  hand_out();

  const auto busy = [](const Slot& slot) { return slot.connection && slot.connection->in_flight() > 0; };
  if (gathering || !reads_.empty() || !work_.empty() || !reader_.connection || busy(reader_) ||
      std::ranges::any_of(workers_, busy)) {
    watch();
  }
}

/// First the server is asked to stop, so that we learn how the job ends; a server that does not even do that is given
/// up.
void Lane::check_connection(Slot& slot, Steady::time_point now) {
  if (!slot.connection) return;
  slot.connection->give_up(now);
  if (!slot.connection) return;
  Job* job = slot.connection->current();
  if (job == nullptr || !job->stop_at.passed_at(now)) return;
  if (job->cancelled) {
    const auto connection = slot.connection;  // alive until the call returns
    connection->lose({Errc::unavailable, "PostgreSQL did not answer in time."});
    return;
  }
  job->cancelled = true;
  job->stop_at = Deadline::after(kCancelGrace);
  if (auto canceller = slot.connection->canceller()) {
    asio::co_spawn(context_.get_executor(), cancel(std::move(canceller)), asio::detached);
  }
}

Task<void> Lane::cancel(std::shared_ptr<PGcancel> canceller) {
  (void)co_await parts_.blocking.run<bool>([canceller]() -> Result<bool> {
    char problem[256];
    return PQcancel(canceller.get(), problem, sizeof problem) == 1;
  });
}

}  // namespace kriya::storage::postgres
