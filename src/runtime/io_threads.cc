#include "runtime/io_threads.h"

#include <exception>
#include <string>

#include <boost/asio/co_spawn.hpp>
#include <pthread.h>

namespace kriya {
namespace {

thread_local int current_index = -1;

}  // namespace

IoThreads::IoThreads(unsigned count) {
  for (unsigned i = 0; i < count; ++i) threads_.push_back(std::make_unique<Thread>());
}

IoThreads::~IoThreads() { stop(); }

void IoThreads::start() {
  for (unsigned i = 0; i < count(); ++i) {
    threads_[i]->runner = std::thread([this, i] {
      current_index = static_cast<int>(i);
      pthread_setname_np(pthread_self(), ("io-" + std::to_string(i)).c_str());
      threads_[i]->context.run();
    });
  }
}

void IoThreads::stop() {
  for (auto& thread : threads_) thread->context.stop();
  for (auto& thread : threads_) {
    if (thread->runner.joinable()) thread->runner.join();
  }
}

int IoThreads::current() { return current_index; }

void detail::run_on_this_thread(Task<void> task) {
  asio::io_context context{1};
  std::exception_ptr failure;
  asio::co_spawn(context.get_executor(), std::move(task), [&failure](std::exception_ptr error) { failure = error; });
  context.run();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace kriya
