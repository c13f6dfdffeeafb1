#include "cli/interrupts.h"

#include <csignal>
#include <cstdint>
#include <stdexcept>
#include <utility>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace kriya::cli {
namespace {

void put(int event) {
  const std::uint64_t one = 1;
  static_cast<void>(!::write(event, &one, sizeof one));
}

}  // namespace

Interrupts::Interrupts() {
  sigset_t interrupt;
  sigemptyset(&interrupt);
  sigaddset(&interrupt, SIGINT);
  pthread_sigmask(SIG_BLOCK, &interrupt, nullptr);
  signals_ = ::signalfd(-1, &interrupt, SFD_CLOEXEC);
  pressed_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  quit_ = ::eventfd(0, EFD_CLOEXEC);
  if (signals_ < 0 || pressed_ < 0 || quit_ < 0) throw std::runtime_error("cannot watch for Ctrl-C");
  watcher_ = std::thread([this] { watch(); });
}

Interrupts::~Interrupts() {
  put(quit_);
  watcher_.join();
  for (const int descriptor : {signals_, pressed_, quit_}) ::close(descriptor);
}

void Interrupts::watch() {
  for (;;) {
    pollfd either[] = {{signals_, POLLIN, 0}, {quit_, POLLIN, 0}};
    if (::poll(either, 2, -1) < 0) continue;
    if (either[1].revents != 0) return;
    signalfd_siginfo signal{};
    if (::read(signals_, &signal, sizeof signal) != sizeof signal) continue;
    put(pressed_);
    const std::stop_source turn = this_turn();
    turn.request_stop();  // not under the mutex: whoever waits for it runs within this call
  }
}

std::stop_source Interrupts::this_turn() {
  const std::scoped_lock lock(mutex_);
  return turn_;
}

std::stop_token Interrupts::begin() {
  take();
  const std::scoped_lock lock(mutex_);
  turn_ = std::stop_source();
  return turn_.get_token();
}

bool Interrupts::take() {
  std::uint64_t times = 0;
  return ::read(pressed_, &times, sizeof times) == sizeof times;
}

}  // namespace kriya::cli
