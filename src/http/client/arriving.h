// What lies between the loop, which receives, and the coroutine that reads a stream.
#pragma once

#include <mutex>
#include <optional>

#include "http/client/receiver.h"
#include "http/client/stream.h"

namespace kriya::http::client {

/// The loop's thread fills it; the coroutine waits for news and takes them.
class Arriving final : public Receiver {
 public:
  static constexpr std::size_t kMostUnreadBytes = std::size_t{64} << 10;  // beyond this the server must wait

  void begin(Response head) override;
  Taken take(std::string_view bytes) override;
  void end(std::chrono::microseconds elapsed) override;
  void fail(Failure failure) override;

  /// Completes as soon as there are bytes, or the end, or a failure. One waits at a time.
  void wait(Completion<bool> done);

  /// After `wait`: the head (once), or why there is none.
  tl::expected<Response, Failure> take_head();

  struct Taking {
    Stream::Piece piece;
    bool go_on;  // there is room again
  };
  Taking take_bytes();  // after `wait`

 private:
  void tell(std::unique_lock<std::mutex> lock);

  std::mutex mutex_;  // for all that follows
  std::optional<Response> head_;
  std::string bytes_;
  bool held_up_ = false;
  bool ended_ = false;
  std::optional<Failure> failure_;
  std::optional<Completion<bool>> waiting_;
};

}  // namespace kriya::http::client
