// Threads for work that blocks or takes long: scans, slow look-ups. Never on the request path by default.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "base/error.h"
#include "runtime/handoff.h"

namespace kriya {

class WorkerPool {
 public:
  WorkerPool(unsigned threads, std::size_t max_queued);
  ~WorkerPool();  // finishes what is queued, then joins

  /// Runs `work` (returning Result<T>) on a pool thread. Errors: overloaded, when the queue is full; else the work's.
  template <class T, class Work>
  Task<Result<T>> run(Work work) {
    return handoff<Result<T>>([this, work = std::move(work)](Completion<Result<T>> done) mutable {
      auto shared = std::make_shared<Completion<Result<T>>>(std::move(done));
      if (!enqueue([shared, work = std::move(work)]() mutable { (*shared)(work()); })) {
        (*shared)(fail(Errc::overloaded, "Too much work is waiting; try again shortly."));
      }
    });
  }

 private:
  bool enqueue(std::function<void()> job);
  void work_until_stopped();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> queue_;
  std::size_t max_queued_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace kriya
