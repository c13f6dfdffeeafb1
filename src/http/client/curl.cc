#include "http/client/curl.h"

#include <optional>
#include <stop_token>

#include "http/client/arriving.h"
#include "http/client/loop.h"

namespace kriya::http::client {
namespace {

Task<bool> news(std::shared_ptr<Arriving> arriving) {
  return handoff<bool>([arriving = std::move(arriving)](Completion<bool> done) { arriving->wait(std::move(done)); });
}

/// Runs on whatever thread requests the stop.
struct GiveUp {
  std::shared_ptr<Loop> loop;
  Loop::Ticket ticket;
  void operator()() const { loop->give_up(ticket); }
};
using OnStop = std::stop_callback<GiveUp>;

class ArrivingStream final : public Stream {
 public:
  ArrivingStream(std::shared_ptr<Loop> loop, Loop::Ticket ticket, std::shared_ptr<Arriving> arriving,
                 std::stop_token stop)
      : loop_(std::move(loop)),
        ticket_(ticket),
        arriving_(std::move(arriving)),
        stop_(std::move(stop)),
        on_stop_(stop_, GiveUp{loop_, ticket_}) {}
  ~ArrivingStream() override { loop_->give_up(ticket_); }

  tl::expected<void, Failure> take_head() {
    return arriving_->take_head().map([this](Response head) { head_ = std::move(head); });
  }
  const Response& head() const override { return head_; }

  Task<Piece> next() override {
    if (!stop_.stop_requested()) co_await news(arriving_);
    if (stop_.stop_requested()) {  // whatever has come meanwhile: nobody wants it
      co_return tl::unexpected(Failure{.sent = true, .detail = "given up", .timed_out = false, .stopped = true});
    }
    auto taking = arriving_->take_bytes();
    if (taking.go_on) loop_->go_on(ticket_);
    co_return std::move(taking.piece);
  }

 private:
  std::shared_ptr<Loop> loop_;
  Loop::Ticket ticket_;
  std::shared_ptr<Arriving> arriving_;
  Response head_;
  const std::stop_token stop_;
  const OnStop on_stop_;
};

}  // namespace

Curl::Curl(Options options) : loop_(std::make_shared<Loop>(std::move(options))) {}

Curl::~Curl() { loop_->stop(); }  // a stream that is still held keeps the object, but has nothing more to come

Task<Answer> Curl::send(Request request, Deadline deadline) {
  std::optional<OnStop> on_stop;
  co_return co_await handoff<Answer>([&](Completion<Answer> done) {
    auto whole = std::make_shared<WholeAnswer>(loop_->options().most_answer_bytes, std::move(done));
    const auto ticket = loop_->add(std::make_unique<Transfer>(std::move(request), deadline, std::move(whole)));
    if (deadline.stop().stop_possible()) on_stop.emplace(deadline.stop(), GiveUp{loop_, ticket});
  });
}

Task<Opened> Curl::open(Request request, Deadline deadline) {
  const auto arriving = std::make_shared<Arriving>();
  const auto ticket = loop_->add(std::make_unique<Transfer>(std::move(request), deadline, arriving));
  auto stream = std::make_unique<ArrivingStream>(loop_, ticket, arriving, deadline.stop());
  co_await news(arriving);
  if (auto begun = stream->take_head(); !begun) co_return tl::unexpected(std::move(begun.error()));
  co_return std::move(stream);
}

}  // namespace kriya::http::client
