// One connection to Redis that comes back by itself: connects, logs in, reads answers, and again after a loss.
#pragma once

#include <memory>
#include <random>
#include <string>
#include <string_view>

#include <boost/asio/basic_waitable_timer.hpp>

#include "storage/ephemeral/redis_health.h"
#include "storage/ephemeral/redis_stream.h"

namespace kriya::storage::ephemeral {

using Steady = std::chrono::steady_clock;
using Timer = asio::basic_waitable_timer<Steady, asio::wait_traits<Steady>, Executor>;

/// Everything but `start` and the constructor happens on the thread of the io_context, also its destruction.
class RedisLink : public std::enable_shared_from_this<RedisLink> {
 public:
  RedisLink(asio::io_context& context, std::shared_ptr<RedisEndpoint> endpoint, std::shared_ptr<RedisHealth> health);
  virtual ~RedisLink() = default;
  RedisLink(const RedisLink&) = delete;

  /// From any thread, once: connects in the background, until closed.
  void start();

  /// For good. What waits for an answer fails.
  void close();

 protected:
  /// Connected and logged in.
  virtual void on_up() = 0;
  virtual void on_reply(Reply reply) = 0;
  /// The connection was lost, or an attempt to connect failed, or close() was called: no answer comes any more to what
  /// was sent before.
  virtual void on_down() = 0;

  LinkState state() const { return state_; }
  void send(std::string_view command) { stream_->send(command); }  // while up
  void lose(std::string cause);                                    // gives the connection up, to open another
  Executor executor() { return context_.get_executor(); }
  const RedisOptions& options() const { return endpoint_->options(); }
  RedisHealth& health() { return *health_; }

 private:
  Task<void> keep_connected(std::shared_ptr<RedisLink> self);
  Task<Attempt<void>> open();
  Task<Attempt<void>> log_in(std::shared_ptr<RedisStream> stream);
  Task<Attempt<Reply>> next_reply(std::shared_ptr<RedisStream> stream);
  Task<void> read_until_lost(std::shared_ptr<RedisStream> stream);
  Task<void> pause();
  void limit_opening();
  void move_to(LinkState next, std::string_view cause = {});

  asio::io_context& context_;
  std::shared_ptr<RedisEndpoint> endpoint_;
  std::shared_ptr<RedisHealth> health_;
  std::shared_ptr<RedisStream> stream_;
  std::optional<ReplyReader> reader_;
  Timer timer_;  // the limit of an attempt, then the pause before the next
  LinkState state_ = LinkState::connecting;
  bool opening_ = false;
  bool logging_in_ = false;
  std::string lost_because_;
  std::chrono::milliseconds back_off_;
  std::minstd_rand jitter_;
};

}  // namespace kriya::storage::ephemeral
