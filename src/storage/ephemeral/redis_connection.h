// Calls to Redis over one connection, many in flight at once (pipelining).
#pragma once

#include <deque>
#include <optional>

#include "base/error.h"
#include "runtime/deadline.h"
#include "runtime/handoff.h"
#include "storage/ephemeral/redis_link.h"

namespace kriya::storage::ephemeral {

/// Belongs to one thread, see RedisLink.
class RedisConnection final : public RedisLink {
 public:
  using RedisLink::RedisLink;

  /// Sends a command and hands over its answer, also one that is a Redis error. Errors: unavailable, when Redis is
  /// away, the deadline (clamped to RedisOptions::answer_limit) passes, the connection is lost or too many calls wait.
  /// A call is never sent twice. An answer that comes after the deadline is dropped.
  void call(std::string command, Deadline deadline, Completion<Result<Reply>> done);

 private:
  struct Waiting {
    std::string command;                            // until it is sent
    std::optional<Completion<Result<Reply>>> done;  // empty: nobody waits for the answer any more
    Steady::time_point until;
    Steady::time_point sent;
  };

  void on_up() override;
  void on_reply(Reply reply) override;
  void on_down() override;

  void send_now(Waiting waiting);
  void refuse(Completion<Result<Reply>>& done, RedisHealth::Failure failure);
  void watch(Steady::time_point at);
  void sweep();

  std::deque<Waiting> unsent_;  // while connecting
  std::deque<Waiting> sent_;    // in the order of their answers
  Timer sweeper_{executor()};
  Steady::time_point watched_ = Steady::time_point::max();  // when the sweeper runs next
};

}  // namespace kriya::storage::ephemeral
