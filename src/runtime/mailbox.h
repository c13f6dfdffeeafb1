// What other coroutines and threads have to say to one coroutine, in order.
#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include "runtime/task.h"

namespace kriya {

/// Held by shared_ptr: whoever speaks may outlive whoever listens. `put` and `close` are for any thread; `take` is for
/// one coroutine at a time, on the thread of the executor.
template <class T>
class Mailbox : public std::enable_shared_from_this<Mailbox<T>> {
 public:
  explicit Mailbox(Executor executor) : executor_(executor) {}

  /// Nothing happens when it is closed.
  void put(T value) {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    values_.push_back(std::move(value));
    wake();
  }

  /// What was put before is still taken; nothing comes after it.
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    wake();
  }

  bool is_done() const {
    const std::lock_guard lock(mutex_);
    return closed_ && values_.empty();
  }

  /// The next value; nullopt when none came within `span`, or when it `is_done`.
  Task<std::optional<T>> take(std::chrono::milliseconds span) {
    const auto self = this->shared_from_this();
    const auto until = std::chrono::steady_clock::now() + span;
    Wait wait(*this);
    for (;;) {
      {
        const std::lock_guard lock(mutex_);
        if (!values_.empty()) {
          std::optional<T> value(std::move(values_.front()));
          values_.pop_front();
          co_return value;
        }
        if (closed_ || std::chrono::steady_clock::now() >= until) co_return std::nullopt;
        waiting_ = &wait.timer;
        wait.timer.expires_at(until);
      }
      co_await wait.timer.async_wait(use_result);
    }
  }

 private:
  using Timer =
      asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Executor>;

  struct Wait {
    explicit Wait(Mailbox& mailbox) : box(mailbox), timer(mailbox.executor_) {}
    ~Wait() {
      const std::lock_guard lock(box.mutex_);
      box.waiting_ = nullptr;
    }
    Wait(const Wait&) = delete;

    Mailbox& box;
    Timer timer;
  };

  /// With the lock held. So `take` cannot return, and its io_context cannot end, while `post` still touches that.
  void wake() {
    if (waiting_ == nullptr || std::exchange(waking_, true)) return;
    asio::post(executor_, [self = this->shared_from_this()] {
      const std::lock_guard lock(self->mutex_);
      self->waking_ = false;
      if (self->waiting_ != nullptr) self->waiting_->cancel();
    });
  }

  const Executor executor_;
  mutable std::mutex mutex_;  // for all that follows
  std::deque<T> values_;
  bool closed_ = false;
  Timer* waiting_ = nullptr;  // of the one that takes
  bool waking_ = false;       // it is on the way
};

}  // namespace kriya
