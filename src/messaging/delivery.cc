#include "messaging/delivery.h"

#include <boost/asio/as_tuple.hpp>

namespace kriya::messaging {
namespace {

constexpr std::chrono::seconds kPeriod{1};
constexpr std::chrono::seconds kLookPatience{10};
constexpr std::chrono::seconds kMessagePatience{60};  // over all channels of one message
constexpr std::int64_t kBatch = 32;

}  // namespace

Delivery::Delivery(asio::io_context& context, Outbox& outbox, const Clock& clock, telemetry::Metrics& metrics)
    : timer_(context), outbox_(outbox), clock_(clock) {
  metrics.gauge("kriya_messages_due", "Messages that waited for this instance's last look, at most a batch.",
                [due = due_] { return due->load(); });
}

Task<void> Delivery::run() {
  while (!stopping_) {
    const std::size_t done = co_await step();
    if (stopping_) break;  // told so meanwhile: there is no timer to cancel
    if (done == static_cast<std::size_t>(kBatch)) continue;
    timer_.expires_after(kPeriod);
    co_await timer_.async_wait(asio::as_tuple(use_task));
  }
}

Task<std::size_t> Delivery::step() {
  auto due = co_await outbox_.store().due(clock_.now(), kBatch, Deadline::after(kLookPatience));
  if (!due) co_return 0;  // the database has told its own failure
  due_->store(static_cast<double>(due->size()));
  std::size_t done = 0;
  for (StoredMessage& message : *due) {
    if (stopping_) break;
    co_await outbox_.take_up(std::move(message), Deadline::after(kMessagePatience));
    ++done;
  }
  co_return done;
}

void Delivery::stop() {
  stopping_ = true;
  timer_.cancel();
}

}  // namespace kriya::messaging
