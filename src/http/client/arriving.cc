#include "http/client/arriving.h"

namespace kriya::http::client {

void Arriving::begin(Response head) {
  const std::scoped_lock lock(mutex_);
  head_ = std::move(head);
}

Receiver::Taken Arriving::take(std::string_view bytes) {
  std::unique_lock lock(mutex_);
  held_up_ = bytes_.size() >= kMostUnreadBytes;
  if (held_up_) return Taken::later;
  bytes_ += bytes;
  tell(std::move(lock));
  return Taken::all;
}

void Arriving::end(std::chrono::microseconds) {
  std::unique_lock lock(mutex_);
  ended_ = true;
  tell(std::move(lock));
}

void Arriving::fail(Failure failure) {
  std::unique_lock lock(mutex_);
  ended_ = true;
  failure_ = std::move(failure);
  tell(std::move(lock));
}

void Arriving::wait(Completion<bool> done) {
  std::unique_lock lock(mutex_);
  waiting_ = std::move(done);
  if (!bytes_.empty() || ended_) tell(std::move(lock));
}

void Arriving::tell(std::unique_lock<std::mutex> lock) {
  auto waiting = std::exchange(waiting_, std::nullopt);
  lock.unlock();
  if (waiting) (*waiting)(true);
}

tl::expected<Response, Failure> Arriving::take_head() {
  const std::scoped_lock lock(mutex_);
  if (head_) return *std::move(head_);
  return tl::unexpected(*failure_);
}

Arriving::Taking Arriving::take_bytes() {
  const std::scoped_lock lock(mutex_);
  const bool go_on = std::exchange(held_up_, false);
  // What came before a failure is given first.
  if (!bytes_.empty()) return {std::exchange(bytes_, {}), go_on};
  if (failure_) return {tl::unexpected(*failure_), go_on};
  return {std::nullopt, go_on};
}

}  // namespace kriya::http::client
