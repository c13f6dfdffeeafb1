// Awaiting what another thread will finish.
#pragma once

#include <memory>
#include <utility>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include "runtime/task.h"

namespace kriya {

/// The other end of `co_await handoff<T>(...)`: call it exactly once, from any thread. The coroutine goes on with the
/// value on its own thread.
template <class T>
class Completion {
 public:
  template <class Handler>
  explicit Completion(Handler handler) : waiter_(std::make_unique<Waiter<Handler>>(std::move(handler))) {}

  void operator()(T value) {
    const auto waiter = std::move(waiter_);
    waiter->resume(std::move(value));
  }

  /// The same, but on the coroutine's own thread it goes on within this call, without a turn through the queue. The
  /// caller must be ready for anything that the coroutine does next.
  void go_on(T value) {
    const auto waiter = std::move(waiter_);
    waiter->go_on(std::move(value));
  }

 private:
  struct AnyWaiter {
    virtual ~AnyWaiter() = default;
    virtual void resume(T value) = 0;
    virtual void go_on(T value) = 0;
  };

  template <class Handler>
  struct Waiter final : AnyWaiter {
    explicit Waiter(Handler waiting)
        : handler(std::move(waiting)),
          executor(asio::get_associated_executor(handler)),
          work(asio::make_work_guard(executor)) {}

    void resume(T value) override {
      asio::post(executor, [handler = std::move(handler), value = std::move(value)]() mutable {
        std::move(handler)(std::move(value));
      });
    }

    void go_on(T value) override {
      if (executor.running_in_this_thread()) {
        std::move(handler)(std::move(value));
      } else {
        resume(std::move(value));
      }
    }

    Handler handler;
    asio::associated_executor_t<Handler> executor;
    // `post` still touches the io_context after the coroutine may have gone on and ended it: the guard, which outlives
    // the call, keeps `run` from returning until then.
    asio::executor_work_guard<asio::associated_executor_t<Handler>> work;
  };

  std::unique_ptr<AnyWaiter> waiter_;
};

/// Calls `start(Completion<T>)` at once and waits for the completion. `start` must not throw after taking it.
template <class T, class Start>
Task<T> handoff(Start start) {
  return asio::async_initiate<const asio::use_awaitable_t<Executor>, void(T)>(
      [](auto handler, Start begin) { begin(Completion<T>(std::move(handler))); }, use_task, std::move(start));
}

}  // namespace kriya
