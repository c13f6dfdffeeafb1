// What only the Redis engine has: a server that can be slow, away, strict, or somebody else.
#include "storage/ephemeral/redis.h"

#include <condition_variable>
#include <fstream>
#include <future>
#include <mutex>
#include <sstream>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include "tests/support/redis_server.h"

namespace kriya::storage::ephemeral {
namespace {

using namespace std::chrono_literals;

constexpr Rate kRate{.requests = 5, .window = 10h};

/// For what another process will do: looks again until it is so.
bool eventually(const std::function<bool()>& is_so) {
  const auto limit = Steady::now() + 20s;
  while (Steady::now() < limit) {
    if (is_so()) return true;
    std::this_thread::sleep_for(10ms);
  }
  return false;
}

/// One instance of Kriya as far as Redis is concerned.
class Instance {
 public:
  explicit Instance(Redis::Options options) {
    threads_.start();
    redis_ = Redis::open(std::move(options), threads_, log_, metrics_);
  }

  Redis& operator*() { return *redis_; }
  Redis* operator->() { return redis_.get(); }

  Result<Taken> take(const std::string& key = "a", Rate rate = kRate, Deadline deadline = Deadline::after(30s)) {
    return run_to_completion(redis_->take(key, rate, deadline));
  }
  bool answers() { return run_to_completion(redis_->ping(Deadline::after(30s))).has_value(); }

  /// Starts the task on an I/O thread.
  template <class T>
  std::future<T> on_io_thread(Task<T> task, unsigned index = 0) {
    return asio::co_spawn(threads_.context(index), std::move(task), asio::use_future);
  }

  /// Whether all connections, also those of the I/O threads, are up.
  bool all_up() {
    return eventually([this] {
      return metric("kriya_redis_up") == 1 && answers() &&
             on_io_thread(redis_->ping(Deadline::after(30s)), 0).get().has_value() &&
             on_io_thread(redis_->ping(Deadline::after(30s)), 1).get().has_value();
    });
  }

  double metric(const std::string& name) const {
    const std::string text = metrics_.render();
    const std::size_t at = text.find("\n" + name + " ");
    return at == std::string::npos ? -1 : std::stod(text.substr(at + name.size() + 2));
  }

  std::string logged() const {
    std::stringstream text;
    text << std::ifstream(log_file_).rdbuf();
    return text.str();
  }
  std::size_t times_logged(const std::string& line) const {
    std::size_t times = 0;
    const std::string text = logged();
    for (auto at = text.find(line); at != std::string::npos; at = text.find(line, at + 1)) ++times;
    return times;
  }
  bool waits_for_log(const std::string& line) {
    return eventually([&] { return times_logged(line) > 0; });
  }

 private:
  tests::TemporaryFolder folder_;
  std::filesystem::path log_file_ = folder_.path() / "log";
  telemetry::Log log_{{.level = telemetry::Level::debug, .file = log_file_}};
  telemetry::Metrics metrics_;
  IoThreads threads_{2};
  std::unique_ptr<Redis> redis_;
};

/// A number of `INFO`, e.g. "total_connections_received:12".
long info(const tests::RedisServer& server, const std::string& section, const std::string& name) {
  const std::string text = server.command("INFO " + section);
  const std::size_t at = text.find(name);
  return at == std::string::npos ? 0 : std::stol(text.substr(at + name.size()));
}

// ---- Buckets ----

TEST(Redis, InstancesShareBuckets) {
  tests::RedisServer server;
  Instance one(server.options());
  Instance two(server.options());
  EXPECT_EQ(one.take()->remaining, 4);
  EXPECT_EQ(two.take()->remaining, 3);
  EXPECT_EQ(one.on_io_thread(one->take("a", kRate, Deadline::after(30s))).get()->remaining, 2);
  EXPECT_EQ(two.on_io_thread(two->take("a", kRate, Deadline::after(30s)), 1).get()->remaining, 1);
}

TEST(Redis, BucketsHaveThePrefixAndExpireWhenTheyAreFull) {
  tests::RedisServer server;
  Instance instance(server.options());
  instance.take("a", {.requests = 100, .window = 100s}).value();
  EXPECT_EQ(server.command("KEYS '*'"), "kriya:a\n");
  const long left = std::stol(server.command("PTTL kriya:a"));
  EXPECT_GT(left, 0);
  EXPECT_LE(left, 1000);
}

TEST(Redis, SendsTheScriptOnceAndAgainAfterRedisForgotIt) {
  tests::RedisServer server;
  Instance instance(server.options());
  for (int i = 0; i < 3; ++i) instance.take().value();
  EXPECT_EQ(info(server, "commandstats", "cmdstat_eval:calls="), 1);
  EXPECT_EQ(info(server, "commandstats", "cmdstat_evalsha:calls="), 3);
  server.command("SCRIPT FLUSH");
  EXPECT_EQ(instance.take()->remaining, 1);
  EXPECT_EQ(instance.take()->remaining, 0);
  EXPECT_EQ(info(server, "commandstats", "cmdstat_eval:calls="), 2);
}

TEST(Redis, CallsInFlightTogetherShareWritesAndGetTheirOwnAnswers) {
  tests::RedisServer server;
  Instance instance(server.options());
  ASSERT_TRUE(instance.all_up());
  instance.take("warm").value();
  const long reads = info(server, "stats", "total_reads_processed:");
  server.hold();  // so that none is answered before the last is asked
  std::vector<std::future<Result<Taken>>> answers;
  for (int i = 1; i <= 200; ++i) {
    const Rate rate{.requests = i, .window = 10h};
    answers.push_back(instance.on_io_thread(instance->take("k" + std::to_string(i), rate, Deadline::after(30s))));
  }
  server.resume();
  for (int i = 1; i <= 200; ++i) EXPECT_EQ(answers[static_cast<std::size_t>(i - 1)].get().value().remaining, i - 1);
  EXPECT_LT(info(server, "stats", "total_reads_processed:") - reads, 100);
}

TEST(Redis, ManyInstancesAtOnceNeverTakeMoreThanThereIs) {
  tests::RedisServer server;
  Instance one(server.options());
  Instance two(server.options());
  std::vector<std::future<Result<Taken>>> answers;
  for (int i = 0; i < 200; ++i) {
    Instance& instance = i % 2 == 0 ? one : two;
    const auto index = static_cast<unsigned>(i / 2 % 2);
    answers.push_back(
        instance.on_io_thread(instance->take("a", {.requests = 60, .window = 10h}, Deadline::after(30s)), index));
  }
  int allowed = 0;
  for (auto& answer : answers) allowed += answer.get().value().allowed ? 1 : 0;
  EXPECT_EQ(allowed, 60);
}

// ---- Away and slow ----

TEST(Redis, MayBeAwayAtTheStartAndIsThenUsedWithoutARestart) {
  tests::RedisServer server;
  server.stop();
  Instance instance(server.options());
  EXPECT_EQ(instance.take().error().code, Errc::unavailable);
  EXPECT_TRUE(instance.waits_for_log("Redis is away"));
  EXPECT_EQ(instance.metric("kriya_redis_up"), 0);
  server.restart();
  EXPECT_TRUE(instance.all_up());
  EXPECT_TRUE(instance.take()->allowed);
}

TEST(Redis, GoingAwayAndComingBackIsLoggedOnceAndCounted) {
  tests::RedisServer server;
  Instance instance(server.options());
  ASSERT_TRUE(instance.all_up());
  server.stop();
  ASSERT_TRUE(eventually([&] { return instance.metric("kriya_redis_up") == 0; }));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(instance.take().error().code, Errc::unavailable);
  EXPECT_GE(instance.metric("kriya_redis_failures_total{reason=\"away\"}"), 1);
  server.restart();
  ASSERT_TRUE(instance.all_up());
  EXPECT_TRUE(instance.waits_for_log("Redis is back"));
  EXPECT_EQ(instance.times_logged("Redis is away"), 1U) << instance.logged();
  EXPECT_EQ(instance.times_logged("Redis is back"), 1U) << instance.logged();
}

TEST(Redis, AnAnswerAfterItsDeadlineIsDroppedAndTheNextCallsGetTheirOwn) {
  tests::RedisServer server;
  auto options = server.options();
  options.answer_limit = 30s;
  Instance instance(options);
  ASSERT_TRUE(instance.all_up());
  const long connections = info(server, "stats", "total_connections_received:");
  server.hold();
  EXPECT_EQ(instance.take("slow", kRate, Deadline::after(50ms)).error().code, Errc::unavailable);
  EXPECT_EQ(instance.metric("kriya_redis_failures_total{reason=\"timeout\"}"), 1);
  server.resume();
  EXPECT_EQ(instance.take("b", {.requests = 100, .window = 10h})->remaining, 99);
  EXPECT_EQ(instance.take("c", {.requests = 200, .window = 10h})->remaining, 199);
  EXPECT_EQ(info(server, "stats", "total_connections_received:"), connections + 1);  // redis-cli's own
}

TEST(Redis, ThatSaysNothingIsGivenUpAndThenFailsAtOnce) {
  tests::RedisServer server;
  auto options = server.options();
  options.answer_limit = 100ms;
  options.connect_limit = 200ms;
  options.heartbeat = 100ms;
  Instance instance(options);
  ASSERT_TRUE(instance.all_up());
  server.hold();
  EXPECT_EQ(instance.take("a", kRate, Deadline::after(1h)).error().code, Errc::unavailable);
  ASSERT_TRUE(eventually([&] {
    instance.on_io_thread(instance->ping(Deadline::after(30s))).get();
    instance.take();
    return instance.metric("kriya_redis_failures_total{reason=\"away\"}") > 10;
  }));
  EXPECT_TRUE(instance.waits_for_log("log-in: no answer within 200 ms"));
  server.resume();
  EXPECT_TRUE(instance.all_up());
  EXPECT_TRUE(eventually([&] { return instance.take().has_value(); }));
}

TEST(Redis, ADeadlineThatHasPassedAsksNothing) {
  tests::RedisServer server;
  Instance instance(server.options());
  ASSERT_TRUE(instance.all_up());
  EXPECT_EQ(instance.take("a", kRate, Deadline::after(-1ms)).error().code, Errc::unavailable);
  EXPECT_EQ(server.command("KEYS '*'"), "\n");
}

TEST(Redis, MoreCallsThanMayWaitAreRefusedAtOnce) {
  tests::RedisServer server;
  auto options = server.options();
  options.max_waiting = 4;
  Instance instance(options);
  ASSERT_TRUE(instance.all_up());
  server.hold();
  std::vector<std::future<Result<Taken>>> answers;
  for (int i = 0; i < 10; ++i)
    answers.push_back(instance.on_io_thread(instance->take("a", kRate, Deadline::after(200ms))));
  for (auto& answer : answers) EXPECT_EQ(answer.get().error().code, Errc::unavailable);
  EXPECT_EQ(instance.metric("kriya_redis_failures_total{reason=\"crowded\"}"), 6);
  EXPECT_EQ(instance.metric("kriya_redis_failures_total{reason=\"timeout\"}"), 4);
  server.resume();
  EXPECT_TRUE(instance.all_up());
}

TEST(Redis, ARefusalIsUnavailableAndItsCauseIsLogged) {
  tests::RedisServer server;
  Instance instance(server.options());
  instance.take().value();
  server.command("CONFIG SET maxmemory 1");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(instance.take().error().code, Errc::unavailable);
  EXPECT_EQ(instance.times_logged("Redis refuses a command"), 1U);
  EXPECT_EQ(instance.times_logged("OOM"), 1U) << instance.logged();
  EXPECT_EQ(instance.metric("kriya_redis_failures_total{reason=\"refused\"}"), 3);
  server.command("CONFIG SET maxmemory 0");
  EXPECT_EQ(instance.take()->remaining, 3);
}

TEST(Redis, CanBeClosedWhileItIsAwayAndWhileItSaysNothing) {
  tests::RedisServer server;
  server.hold();
  {
    const Instance connecting(server.options());
  }
  server.resume();
  server.stop();
  {
    const Instance away(server.options());
  }
}

TEST(Redis, CanBeClosedBeforeTheIoThreadsEverRan) {
  tests::RedisServer server;
  telemetry::Log log({.file = "/dev/null"});
  telemetry::Metrics metrics;
  IoThreads threads(2);
  const auto redis = Redis::open(server.options(), threads, log, metrics);
  EXPECT_TRUE(run_to_completion(redis->ping(Deadline::after(30s))).has_value());
}

// ---- Who is asked, and who asks ----

TEST(Redis, LogsInAsAUser) {
  tests::RedisServer server("'user=kriya on >p@ss:/word ~kriya:* &kriya:* +@all -client|setname'");
  auto options = server.options();
  options.user = "kriya";
  options.password = Secret("p@ss:/word");
  Instance instance(options);
  EXPECT_TRUE(instance.take()->allowed);
}

TEST(Redis, UsesItsDatabaseAndItsName) {
  tests::RedisServer server;
  auto options = server.options();
  options.database = 3;
  Instance instance(options);
  instance.take().value();
  EXPECT_EQ(server.command("-n 3 KEYS '*'"), "kriya:a\n");
  EXPECT_NE(server.command("CLIENT LIST").find("name=kriya"), std::string::npos);
}

TEST(Redis, ADatabaseThatDoesNotExistIsSaid) {
  tests::RedisServer server;
  auto options = server.options();
  options.database = 1000;
  Instance instance(options);
  EXPECT_FALSE(instance.answers());
  EXPECT_TRUE(instance.waits_for_log("SELECT: ERR DB index is out of range")) << instance.logged();
}

TEST(Redis, AWrongOrMissingPasswordIsSaidWithoutShowingIt) {
  tests::RedisServer server("requirepass=the-right-one");
  auto options = server.options();
  Instance without(options);
  EXPECT_EQ(without.take().error().code, Errc::unavailable);
  EXPECT_TRUE(without.waits_for_log("NOAUTH")) << without.logged();
  options.password = Secret("hunter2");
  Instance wrong(options);
  EXPECT_EQ(wrong.take().error().code, Errc::unavailable);
  EXPECT_TRUE(wrong.waits_for_log("does not accept the user and password")) << wrong.logged();
  EXPECT_EQ(wrong.times_logged("hunter2"), 0U);
  options.password = Secret("the-right-one");
  EXPECT_TRUE(Instance(options).answers());
}

TEST(Redis, ThatDoesNotKnowAuthQuotesNoPasswordIntoTheLog) {
  tests::RedisServer server("'rename-command=AUTH NEVER'");
  auto options = server.options();
  options.password = Secret("hunter2");
  Instance instance(options);
  EXPECT_FALSE(instance.answers());
  EXPECT_TRUE(instance.waits_for_log("does not accept the user and password"));
  EXPECT_EQ(instance.times_logged("hunter2"), 0U) << instance.logged();
}

TEST(RedisOverTls, TrustsTheAuthorityAndTheName) {
  tests::RedisServer server("--tls");
  Instance instance(server.options());
  EXPECT_TRUE(instance.take()->allowed);
  EXPECT_TRUE(instance.all_up()) << instance.logged();
}

TEST(RedisOverTls, RefusesAnUnknownAuthority) {
  tests::RedisServer server("--tls");
  auto options = server.options();
  options.ca_file.clear();
  Instance instance(options);
  EXPECT_EQ(instance.take().error().code, Errc::unavailable);
  EXPECT_TRUE(instance.waits_for_log("its certificate is refused")) << instance.logged();
}

TEST(RedisOverTls, RefusesACertificateForAnotherHost) {
  tests::RedisServer server("--tls");
  auto options = server.options();
  options.host = "127.0.0.1";
  Instance by_address(options);
  EXPECT_EQ(by_address.take().error().code, Errc::unavailable);
  EXPECT_TRUE(by_address.waits_for_log("IP address mismatch")) << by_address.logged();
  tests::RedisServer other("--tls=redis.example");
  Instance by_name(other.options());
  EXPECT_EQ(by_name.take().error().code, Errc::unavailable);
  EXPECT_TRUE(by_name.waits_for_log("hostname mismatch")) << by_name.logged();
}

TEST(RedisOverTls, SaysThatItWaitedForTls) {
  tests::RedisServer server;
  auto options = server.options();
  options.tls = true;
  options.connect_limit = 100ms;  // it waits for the end of what it takes for a line
  Instance instance(options);
  EXPECT_EQ(instance.take().error().code, Errc::unavailable);
  EXPECT_TRUE(instance.waits_for_log("TLS: no answer within 100 ms")) << instance.logged();
}

// ---- Messages ----

class RedisMessages : public ::testing::Test {
 protected:
  std::unique_ptr<Ephemeral::Subscription> listen(Instance& instance) {
    return instance->subscribe("news", [this](std::string_view message) {
      const std::scoped_lock lock(mutex_);
      last_ = message;
    });
  }
  bool arrives(Instance& from, const std::string& message) {
    return eventually([&] {
      run_to_completion(from->publish("news", message, Deadline::after(30s)));
      const std::scoped_lock lock(mutex_);
      return last_ == message;
    });
  }

  std::mutex mutex_;
  std::string last_;
};

TEST_F(RedisMessages, GoFromOneInstanceToAnother) {
  tests::RedisServer server;
  Instance one(server.options());
  Instance two(server.options());
  const auto subscription = listen(two);
  EXPECT_TRUE(arrives(one, "x"));
}

TEST_F(RedisMessages, ComeAgainAfterRedisWasAway) {
  tests::RedisServer server;
  Instance instance(server.options());
  const auto subscription = listen(instance);
  ASSERT_TRUE(arrives(instance, "x"));
  server.stop();
  ASSERT_TRUE(eventually([&] { return !instance.answers(); }));
  server.restart();
  EXPECT_TRUE(arrives(instance, "y"));
}

TEST_F(RedisMessages, ComeAgainAfterTheirConnectionWasCut) {
  tests::RedisServer server;
  Instance instance(server.options());
  const auto subscription = listen(instance);
  ASSERT_TRUE(arrives(instance, "x"));
  server.command("CLIENT KILL TYPE pubsub");
  EXPECT_TRUE(arrives(instance, "y"));
}

TEST_F(RedisMessages, ComeAgainAfterAHeartbeatWasMissed) {
  tests::RedisServer server;
  auto options = server.options();
  options.heartbeat = 50ms;
  options.connect_limit = 100ms;
  Instance instance(options);
  const auto subscription = listen(instance);
  ASSERT_TRUE(arrives(instance, "x"));
  server.hold();
  EXPECT_TRUE(instance.waits_for_log("Redis is away"));  // nobody else asks
  server.resume();
  EXPECT_TRUE(arrives(instance, "y"));
}

}  // namespace
}  // namespace kriya::storage::ephemeral
