#include "storage/ephemeral/redis.h"

#include <algorithm>

#include <pthread.h>

#include "storage/ephemeral/gcra.h"

namespace kriya::storage::ephemeral {
namespace {

constexpr std::string_view kPrefix = "kriya:";

// The sum of gcra.cc in whole microseconds, which Lua's doubles hold exactly until the year 2255, by the one clock that
// all instances share. Answers: allowed, remaining, microseconds until full, microseconds until one fits.
constexpr std::string_view kTake = R"lua(
local whole, step = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local full_at = tonumber(redis.call('GET', KEYS[1]) or '0')
local missing = math.min(math.max(full_at - now, 0), whole)
local over = missing + step - whole
if over > 0 then return {0, 0, missing, over} end
missing = missing + step
redis.call('SET', KEYS[1], string.format('%.0f', now + missing), 'PX', math.ceil(missing / 1000))
return {1, math.floor((whole - missing) / step), missing, 0}
)lua";

// SHA-1 of the text above, by which Redis knows it. A wrong one costs a second round trip and fails a test.
constexpr std::string_view kTakeHash = "9e2cf13cc647694e0cedd4e7434e3d5f2c7b74af";

Result<Taken> as_taken(const Reply& reply) {
  const auto is_integer = [](const Reply& part) { return part.kind == Reply::Kind::integer; };
  if (reply.parts.size() != 4 || !std::ranges::all_of(reply.parts, is_integer)) {
    return fail(Errc::unavailable, "A part of this service does not work; try again shortly.");
  }
  return Taken{.allowed = reply.parts[0].integer == 1,
               .remaining = reply.parts[1].integer,
               .full_again = millis_up(reply.parts[2].integer),
               .retry_after = millis_up(reply.parts[3].integer)};
}

/// The last owner lets go on the thread that the connection belongs to.
template <class Link>
void close_on_its_thread(asio::io_context& context, std::shared_ptr<Link> link) {
  asio::post(context, [link = std::move(link)] { link->close(); });
}

}  // namespace

/// Holds what is listening; what the other thread needs to forget it outlives this.
class Redis::Subscribed final : public Subscription {
 public:
  Subscribed(Redis& redis, std::string channel, OnMessage on_message)
      : redis_(redis), channel_(std::move(channel)), listening_(std::make_shared<Listening>(std::move(on_message))) {
    asio::post(redis_.lane_.context, [subscriber = redis_.subscriber_, name = channel_, added = listening_] {
      subscriber->add(name, added);
    });
  }

  ~Subscribed() override {
    asio::post(redis_.lane_.context, [subscriber = redis_.subscriber_, name = channel_, removed = listening_] {
      subscriber->remove(name, removed);
    });
    listening_->end();
  }

 private:
  Redis& redis_;
  std::string channel_;
  std::shared_ptr<Listening> listening_;
};

Redis::Redis(Options options, IoThreads& io_threads, const telemetry::Log& log, telemetry::Metrics& metrics)
    : io_threads_(io_threads),
      endpoint_(std::make_shared<RedisEndpoint>(std::move(options))),
      health_(RedisHealth::watch(endpoint_->address(), log, metrics)) {
  for (unsigned i = 0; i < io_threads.count(); ++i) {
    of_io_threads_.push_back(std::make_shared<RedisConnection>(io_threads.context(i), endpoint_, health_));
    of_io_threads_.back()->start();
  }
  of_other_threads_ = std::make_shared<RedisConnection>(lane_.context, endpoint_, health_);
  of_other_threads_->start();
  subscriber_ = std::make_shared<RedisSubscriber>(lane_.context, endpoint_, health_);
  subscriber_->start();
  lane_.runner = std::thread([this] {
    pthread_setname_np(pthread_self(), "redis");
    lane_.context.run();
  });
}

std::unique_ptr<Redis> Redis::open(Options options, IoThreads& io_threads, const telemetry::Log& log,
                                   telemetry::Metrics& metrics) {
  return std::unique_ptr<Redis>(new Redis(std::move(options), io_threads, log, metrics));
}

Redis::~Redis() {
  for (unsigned i = 0; i < of_io_threads_.size(); ++i) {
    close_on_its_thread(io_threads_.context(i), std::move(of_io_threads_[i]));
  }
  close_on_its_thread(lane_.context, std::move(of_other_threads_));
  close_on_its_thread(lane_.context, std::move(subscriber_));
  asio::post(lane_.context, [this] { lane_.context.stop(); });
  lane_.runner.join();
}

Task<Result<Taken>> Redis::take(std::string key, Rate rate, Deadline deadline) {
  deadline = limited(deadline);
  const Steps steps = steps_of(rate);
  const std::string step = std::to_string(steps.step);
  const std::string whole = std::to_string(steps.whole);
  const std::string name = std::string(kPrefix) + key;
  auto answer = co_await call(redis_command({"EVALSHA", kTakeHash, "1", name, whole, step}), deadline);
  if (answer && answer->is_error("NOSCRIPT")) {
    answer = co_await call(redis_command({"EVAL", kTake, "1", name, whole, step}), deadline);
  }
  co_return without_refusal(std::move(answer)).and_then(as_taken);
}

Task<Result<void>> Redis::publish(std::string channel, std::string message, Deadline deadline) {
  auto answer = co_await call(redis_command({"PUBLISH", std::string(kPrefix) + channel, message}), deadline);
  co_return without_refusal(std::move(answer)).map([](const Reply&) {});
}

std::unique_ptr<Ephemeral::Subscription> Redis::subscribe(std::string channel, OnMessage on_message) {
  return std::make_unique<Subscribed>(*this, std::string(kPrefix) + channel, std::move(on_message));
}

Task<Result<void>> Redis::ping(Deadline deadline) {
  auto answer = co_await call(redis_command({"PING"}), deadline);
  co_return without_refusal(std::move(answer)).map([](const Reply&) {});
}

RedisConnection* Redis::connection_of_this_thread() const {
  const int index = IoThreads::current();
  if (index < 0 || static_cast<std::size_t>(index) >= of_io_threads_.size()) return nullptr;
  const auto i = static_cast<unsigned>(index);
  // A thread of other IoThreads has an index as well.
  if (!io_threads_.context(i).get_executor().running_in_this_thread()) return nullptr;
  return of_io_threads_[i].get();
}

/// Before the first of a call's round trips.
Deadline Redis::limited(Deadline deadline) const { return deadline.within(endpoint_->options().answer_limit); }

Task<Result<Reply>> Redis::call(std::string command, Deadline deadline) {
  return handoff<Result<Reply>>([this, command = std::move(command), deadline](Completion<Result<Reply>> done) mutable {
    if (RedisConnection* own = connection_of_this_thread()) {
      own->call(std::move(command), deadline, std::move(done));
      return;
    }
    asio::post(lane_.context,
               [connection = of_other_threads_, command = std::move(command), deadline,
                done = std::move(done)]() mutable { connection->call(std::move(command), deadline, std::move(done)); });
  });
}

/// A refusal is for the operator to read; to callers Redis is as good as away.
Result<Reply> Redis::without_refusal(Result<Reply> answer) {
  if (!answer || !answer->is_error()) return answer;
  health_->refused(answer->text);
  return fail(Errc::unavailable, "A part of this service cannot be reached; try again shortly.");
}

}  // namespace kriya::storage::ephemeral
