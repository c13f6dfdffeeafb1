#include "storage/ephemeral/redis_connection.h"

#include <algorithm>

namespace kriya::storage::ephemeral {

void RedisConnection::call(std::string command, Deadline deadline, Completion<Result<Reply>> done) {
  using Failure = RedisHealth::Failure;
  const auto now = Steady::now();
  if (state() == LinkState::away || state() == LinkState::closed) return refuse(done, Failure::away);
  if (unsent_.size() + sent_.size() >= options().max_waiting) return refuse(done, Failure::crowded);
  if (deadline.passed()) return refuse(done, Failure::timeout);

  const auto until = std::min(deadline.at(), now + options().answer_limit);
  Waiting waiting{.command = std::move(command), .done = std::move(done), .until = until, .sent = {}};
  watch(until);
  if (state() == LinkState::up) {
    send_now(std::move(waiting));
  } else {
    unsent_.push_back(std::move(waiting));
  }
}

void RedisConnection::send_now(Waiting waiting) {
  send(waiting.command);
  waiting.command.clear();
  waiting.command.shrink_to_fit();
  waiting.sent = Steady::now();
  watch(waiting.sent + options().answer_limit);
  sent_.push_back(std::move(waiting));
}

void RedisConnection::on_up() {
  for (Waiting& waiting : unsent_) send_now(std::move(waiting));
  unsent_.clear();
}

void RedisConnection::on_reply(Reply reply) {
  if (sent_.empty()) return lose("it answers what nobody asked");
  if (auto& done = sent_.front().done) (*done)(std::move(reply));
  sent_.pop_front();
}

void RedisConnection::on_down() {
  for (Waiting& waiting : sent_) {
    if (waiting.done) refuse(*waiting.done, RedisHealth::Failure::lost);
  }
  sent_.clear();
  if (state() == LinkState::connecting) return;
  for (Waiting& waiting : unsent_) refuse(*waiting.done, RedisHealth::Failure::away);
  unsent_.clear();
}

void RedisConnection::refuse(Completion<Result<Reply>>& done, RedisHealth::Failure failure) {
  health().count(failure);
  done(fail(Errc::unavailable, "A part of this service cannot be reached; try again shortly."));
}

/// One timer for all calls: it runs at the earliest deadline known when it was set, mostly once in `answer_limit`.
void RedisConnection::watch(Steady::time_point at) {
  if (at >= watched_) return;
  watched_ = at;
  sweeper_.expires_at(at);
  sweeper_.async_wait([weak = weak_from_this()](const boost::system::error_code& ec) {
    if (const auto self = weak.lock(); self && !ec) static_cast<RedisConnection&>(*self).sweep();
  });
}

void RedisConnection::sweep() {
  const auto now = Steady::now();
  watched_ = Steady::time_point::max();
  auto next = watched_;
  const auto look_at = [&](Waiting& waiting) {
    if (!waiting.done) return;
    if (waiting.until > now) {
      next = std::min(next, waiting.until);
    } else {
      refuse(*waiting.done, RedisHealth::Failure::timeout);
      waiting.done.reset();
    }
  };
  std::ranges::for_each(unsent_, look_at);
  std::ranges::for_each(sent_, look_at);
  std::erase_if(unsent_, [](const Waiting& waiting) { return !waiting.done; });
  if (!sent_.empty()) {
    const auto limit = sent_.front().sent + options().answer_limit;
    if (limit <= now) return lose("it does not answer");
    next = std::min(next, limit);
  }
  watch(next);
}

}  // namespace kriya::storage::ephemeral
