// Many calls at the same moment: several threads, and on each of them several coroutines.
#pragma once

#include <barrier>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "runtime/task.h"

namespace kriya::tests {

/// Runs `task(0)` to `task(count - 1)` at once and returns their values in any order.
template <class T>
std::vector<T> in_parallel(int count, int threads, const std::function<Task<T>(int)>& task) {
  std::mutex mutex;
  std::vector<T> values;
  std::vector<std::thread> runners;
  for (int thread = 0; thread < threads; ++thread) {
    runners.emplace_back([&, thread] {
      asio::io_context context(1);
      for (int i = thread; i < count; i += threads) {
        asio::co_spawn(context.get_executor(), task(i), [&](const std::exception_ptr& thrown, T value) {
          if (thrown) std::rethrow_exception(thrown);
          const std::scoped_lock lock(mutex);
          values.push_back(std::move(value));
        });
      }
      context.run();
    });
  }
  for (std::thread& runner : runners) runner.join();
  return values;
}

/// Several threads that begin every round at the same moment: `round(thread, n)` for n from 0 to `rounds` - 1.
inline void in_step(int threads, int rounds, const std::function<void(int, int)>& round) {
  std::barrier start(threads);
  std::vector<std::thread> runners;
  for (int thread = 0; thread < threads; ++thread) {
    runners.emplace_back([&, thread] {
      for (int n = 0; n < rounds; ++n) {
        start.arrive_and_wait();
        round(thread, n);
      }
    });
  }
  for (std::thread& runner : runners) runner.join();
}

}  // namespace kriya::tests
