// The thread that drives all calls.
#pragma once

#include <cstdint>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "http/client/transfer.h"

namespace kriya::http::client {

/// Safe from any thread, unless said otherwise.
class Loop {
 public:
  using Ticket = std::uint64_t;  // of one call; never given twice

  explicit Loop(Curl::Options options);
  ~Loop() { stop(); }

  /// Every call ends by its receiver. After `stop` it fails at once.
  Ticket add(std::unique_ptr<Transfer> transfer);

  /// What a receiver put off comes again. Nothing happens when the call has ended.
  void go_on(Ticket ticket) { order({.kind = Order::Kind::go_on, .ticket = ticket}); }

  /// The call fails as stopped, its connection is closed. Nothing happens when it has ended.
  void give_up(Ticket ticket) { order({.kind = Order::Kind::give_up, .ticket = ticket}); }

  /// Fails all calls. Idempotent; not from two threads at once.
  void stop();

  const Curl::Options& options() const { return options_; }

 private:
  /// libcurl counts these; the first and the last do the work.
  struct Library {
    Library();
    ~Library() { curl_global_cleanup(); }
    Library(const Library&) = delete;
  };
  struct Cleanup {
    void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
  };
  struct Order {
    enum class Kind { begin, go_on, give_up } kind;
    Ticket ticket;
    std::unique_ptr<Transfer> transfer = nullptr;  // to begin
  };

  void order(Order order);

  // On the thread:
  void run();
  bool follow_orders();  // false when it is time to end
  void follow(Order order);
  void begin(Ticket ticket, std::unique_ptr<Transfer> transfer);
  void finish_what_is_done();
  void fail_all(const std::string& detail);
  std::unique_ptr<Transfer> take(Ticket ticket);

  const Curl::Options options_;
  Library library_;
  std::unique_ptr<CURLM, Cleanup> multi_;
  std::mutex mutex_;
  std::vector<Order> orders_;  // under the mutex
  Ticket last_ticket_ = 0;     // under the mutex
  bool stopping_ = false;      // under the mutex
  std::unordered_map<Ticket, std::unique_ptr<Transfer>> under_way_;
  std::thread thread_;
};

}  // namespace kriya::http::client
