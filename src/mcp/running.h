// What is under way beside the requests of the HTTP server: calls that may outlive their connection, and open streams.
#pragma once

#include <chrono>
#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>
#include <stop_token>

namespace kriya::mcp {

/// All methods are for any thread. Held by shared_ptr: a ticket may be the last to let go.
class Running : public std::enable_shared_from_this<Running> {
 public:
  explicit Running(std::size_t most) : most_(most) {}

  /// Counts as running until it is destroyed.
  class Ticket {
   public:
    Ticket(std::shared_ptr<Running> running, std::list<std::stop_source>::iterator place)
        : running_(std::move(running)), place_(place) {}
    ~Ticket() { running_->end(place_); }
    Ticket(const Ticket&) = delete;

   private:
    const std::shared_ptr<Running> running_;
    const std::list<std::stop_source>::iterator place_;
  };

  /// Null: it is being stopped, or too much is running. `stop` is requested when all is to end.
  std::shared_ptr<Ticket> begin(std::stop_source stop);

  /// Lets nothing new begin, requests every stop, and waits for the end of all. False: some of it still runs.
  bool stop(std::chrono::milliseconds timeout);

 private:
  void end(std::list<std::stop_source>::iterator place);

  const std::size_t most_;
  std::mutex mutex_;  // for all that follows
  std::condition_variable ended_;
  std::list<std::stop_source> stops_;
  bool stopping_ = false;
};

}  // namespace kriya::mcp
