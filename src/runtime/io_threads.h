// One io_context per core, each run by one thread: no locks and no strands between the coroutines of a thread.
#pragma once

#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "runtime/task.h"

namespace kriya {

class IoThreads {
 public:
  explicit IoThreads(unsigned count);
  ~IoThreads();  // stops and joins

  unsigned count() const { return static_cast<unsigned>(threads_.size()); }
  asio::io_context& context(unsigned index) { return threads_[index]->context; }

  void start();

  /// Lets queued work finish no more; returns when every thread has ended. Idempotent; not from an I/O thread.
  void stop();

  /// The index of the calling I/O thread, or -1 on any other thread. For per-thread resources.
  static int current();

 private:
  struct Thread {
    // One thread runs it and only that thread touches its sockets, so the reactor needs no locks; posting from other
    // threads stays safe.
    asio::io_context context{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO};
    asio::executor_work_guard<Executor> work{context.get_executor()};
    std::thread runner;
  };
  std::vector<std::unique_ptr<Thread>> threads_;
};

namespace detail {

void run_on_this_thread(Task<void> task);

template <class T>
Task<void> keep_value(Task<T> task, std::optional<T>& value) {
  value = co_await std::move(task);
}

}  // namespace detail

/// Runs one task to its end on the calling thread, which is no I/O thread: how the command line and the start-up use
/// the same stores as the server. What the task throws is thrown here.
template <class T>
T run_to_completion(Task<T> task) {
  std::optional<T> value;
  detail::run_on_this_thread(detail::keep_value(std::move(task), value));
  return *std::move(value);
}

}  // namespace kriya
