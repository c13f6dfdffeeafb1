// Counters and messages in Redis, shared by all instances that name the same one.
#pragma once

#include <thread>
#include <vector>

#include "runtime/io_threads.h"
#include "storage/ephemeral/ephemeral.h"
#include "storage/ephemeral/redis_connection.h"
#include "storage/ephemeral/redis_options.h"
#include "storage/ephemeral/redis_subscriber.h"

namespace kriya::storage::ephemeral {

/// Keys and channels begin with "kriya:"; keys expire by themselves. Every I/O thread has a connection; other threads
/// share one, which with the subscriptions lives on a thread of this object.
///
/// A call takes at most RedisOptions::answer_limit. While Redis is away calls fail at once; connections come back by
/// themselves. A call is never repeated, so one that failed may have counted.
///
/// A message has at most 1 MiB less its channel's name (ReplyReader::kMostUnreadBytes).
///
/// `on_message` of subscriptions runs on this object's thread: it is quick, and does not wait for a call of its own.
class Redis final : public Ephemeral {
 public:
  using Options = RedisOptions;

  /// Connects in the background: Redis may be away. The I/O threads may start later; they, the log and the metrics
  /// outlive this object, and the log and the metrics outlive the I/O threads.
  static std::unique_ptr<Redis> open(Options options, IoThreads& io_threads, const telemetry::Log& log,
                                     telemetry::Metrics& metrics);

  /// No call is under way any more and every subscription is destroyed.
  ~Redis() override;

  Task<Result<Taken>> take(std::string key, Rate rate, Deadline deadline) override;
  Task<Result<void>> publish(std::string channel, std::string message, Deadline deadline) override;
  std::unique_ptr<Subscription> subscribe(std::string channel, OnMessage on_message) override;
  Task<Result<void>> ping(Deadline deadline) override;

 private:
  class Subscribed;

  /// The own thread.
  struct Lane {
    asio::io_context context{1};
    asio::executor_work_guard<Executor> work{context.get_executor()};
    std::thread runner;
  };

  Redis(Options options, IoThreads& io_threads, const telemetry::Log& log, telemetry::Metrics& metrics);

  RedisConnection* connection_of_this_thread() const;
  Deadline limited(Deadline deadline) const;
  Task<Result<Reply>> call(std::string command, Deadline deadline);
  Result<Reply> without_refusal(Result<Reply> answer);

  IoThreads& io_threads_;
  std::shared_ptr<RedisEndpoint> endpoint_;
  std::shared_ptr<RedisHealth> health_;
  Lane lane_;
  std::vector<std::shared_ptr<RedisConnection>> of_io_threads_;
  std::shared_ptr<RedisConnection> of_other_threads_;
  std::shared_ptr<RedisSubscriber> subscriber_;
};

}  // namespace kriya::storage::ephemeral
