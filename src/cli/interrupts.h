// Ctrl-C as something that happens to a turn, not to the program.
#pragma once

#include <mutex>
#include <stop_token>
#include <thread>

namespace kriya::cli {

/// While one lives, SIGINT ends nothing by itself. To be made before any other thread, which then inherits that the
/// signal is blocked. Safe to use from any thread.
class Interrupts {
 public:
  Interrupts();
  ~Interrupts();
  Interrupts(const Interrupts&) = delete;

  /// Of what begins now: requested by the next Ctrl-C. What came before it is forgotten.
  std::stop_token begin();

  /// Readable once Ctrl-C was pressed, until `take`.
  int descriptor() const { return pressed_; }

  /// Whether it was pressed since the last `take` or `begin`.
  bool take();

 private:
  void watch();
  std::stop_source this_turn();

  int signals_;
  int pressed_;
  int quit_;
  std::mutex mutex_;
  std::stop_source turn_;  // under the mutex
  std::thread watcher_;
};

}  // namespace kriya::cli
