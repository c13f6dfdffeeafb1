// Where an answer goes: to memory until it is whole, or on to somebody who reads it meanwhile.
#pragma once

#include "http/client/client.h"
#include "runtime/handoff.h"

namespace kriya::http::client {

/// Called by the thread of the loop: `begin`, some `take`, then `end`; or at any time `fail`, and nothing after it.
class Receiver {
 public:
  enum class Taken { all, later, never };  // later: the same bytes come again after Loop::go_on

  virtual ~Receiver() = default;
  virtual void begin(Response head) = 0;
  virtual Taken take(std::string_view bytes) = 0;
  virtual void end(std::chrono::microseconds elapsed) = 0;
  virtual void fail(Failure failure) = 0;
};

class WholeAnswer final : public Receiver {
 public:
  WholeAnswer(std::size_t most_bytes, Completion<Answer> done) : most_bytes_(most_bytes), done_(std::move(done)) {}

  void begin(Response head) override { response_ = std::move(head); }

  Taken take(std::string_view bytes) override {
    too_long_ = bytes.size() > most_bytes_ - response_.body.size();
    if (too_long_) return Taken::never;
    response_.body += bytes;
    return Taken::all;
  }

  void end(std::chrono::microseconds elapsed) override {
    response_.elapsed = elapsed;
    done_(std::move(response_));
  }

  void fail(Failure failure) override {
    if (too_long_) failure.message = "the answer is longer than " + std::to_string(most_bytes_) + " bytes";
    done_(tl::unexpected(std::move(failure)));
  }

 private:
  const std::size_t most_bytes_;
  Completion<Answer> done_;
  Response response_;
  bool too_long_ = false;
};

}  // namespace kriya::http::client
