#include "runtime/worker_pool.h"

#include <future>

#include <gtest/gtest.h>

#include "runtime/io_threads.h"

namespace kriya {
namespace {

TEST(WorkerPool, GivesBackWhatTheWorkGave) {
  WorkerPool pool(2, 4);
  EXPECT_EQ(run_to_completion(pool.run<int>([]() -> Result<int> { return 7; })).value(), 7);
  const auto failed = run_to_completion(pool.run<int>([]() -> Result<int> { return fail(Errc::conflict, "no"); }));
  EXPECT_EQ(failed.error().code, Errc::conflict);
}

TEST(WorkerPool, RunsTheWorkOnAnotherThreadAndComesBack) {
  WorkerPool pool(1, 4);
  const auto caller = std::this_thread::get_id();
  const auto worker = run_to_completion(
      pool.run<std::thread::id>([]() -> Result<std::thread::id> { return std::this_thread::get_id(); }));
  EXPECT_NE(worker.value(), caller);
  EXPECT_EQ(IoThreads::current(), -1);
}

TEST(WorkerPool, RefusesMoreThanItsQueueHolds) {
  WorkerPool pool(1, 1);
  std::promise<void> gate;
  std::promise<void> started;
  std::thread first([&] {
    run_to_completion(pool.run<int>([&]() -> Result<int> {
      started.set_value();
      gate.get_future().wait();
      return 0;
    })).value();
  });
  started.get_future().wait();  // the only thread is busy
  int refused = 0;
  int accepted = 0;
  std::mutex mutex;
  std::vector<std::thread> others;
  std::promise<void> seen;
  for (int i = 0; i < 3; ++i) {
    others.emplace_back([&] {
      const auto answer = run_to_completion(pool.run<int>([]() -> Result<int> { return 1; }));
      const std::scoped_lock lock(mutex);
      if (answer) {
        ++accepted;
      } else {
        EXPECT_EQ(answer.error().code, Errc::overloaded);
        if (++refused == 2) seen.set_value();
      }
    });
  }
  seen.get_future().wait();  // one waits in the queue, two were turned away
  gate.set_value();
  first.join();
  for (auto& other : others) other.join();
  EXPECT_EQ(accepted, 1);
}

TEST(IoThreads, KnowTheirIndexAndRunWhatIsPosted) {
  IoThreads threads(2);
  threads.start();
  for (int i = 0; i < 2; ++i) {
    std::promise<int> index;
    asio::post(threads.context(static_cast<unsigned>(i)), [&] { index.set_value(IoThreads::current()); });
    EXPECT_EQ(index.get_future().get(), i);
  }
  threads.stop();
}

Task<int> throwing() {
  throw std::runtime_error("bug");
  co_return 0;
}

TEST(RunToCompletion, ThrowsWhatTheTaskThrows) { EXPECT_THROW(run_to_completion(throwing()), std::runtime_error); }

}  // namespace
}  // namespace kriya
