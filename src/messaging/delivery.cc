#include "messaging/delivery.h"

#include <algorithm>
#include <exception>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>

namespace kriya::messaging {
namespace {

constexpr std::chrono::seconds kPeriod{1};
constexpr std::chrono::seconds kLookPatience{10};
constexpr std::chrono::seconds kMessagePatience{60};  // over all channels of one message
constexpr std::int64_t kBatch = 32;
constexpr std::size_t kLanes = 8;

using Timer =
    asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Executor>;

}  // namespace

Delivery::Delivery(asio::io_context& context, Outbox& outbox, const Clock& clock, telemetry::Metrics& metrics)
    : timer_(context), outbox_(outbox), clock_(clock) {
  metrics.gauge("kriya_messages_due", "Messages that waited for this instance's last look, at most a batch.",
                [due = due_] { return due->load(); });
}

Task<void> Delivery::run() {
  while (!stopping_) {
    const std::size_t changed = co_await step();
    if (stopping_) break;  // told so meanwhile: there is no timer to cancel
    // Without a change the same batch would come again at once, e.g. while the disk is full.
    if (more_is_due_ && changed > 0) continue;
    timer_.expires_after(kPeriod);
    co_await timer_.async_wait(use_result);
  }
}

Task<std::size_t> Delivery::step() {
  auto due = co_await outbox_.store().due(clock_.now(), kBatch, Deadline::after(kLookPatience));
  more_is_due_ = due && due->size() == static_cast<std::size_t>(kBatch);
  if (!due) co_return 0;  // the database has told its own failure
  due_->store(static_cast<double>(due->size()));
  const Executor executor = co_await asio::this_coro::executor;
  Timer all_done(executor, Timer::time_point::max());
  std::size_t next = 0;
  std::size_t changed = 0;
  std::size_t running = std::min(kLanes, due->size());
  std::exception_ptr failure;
  for (std::size_t i = running; i > 0; --i) {
    asio::co_spawn(executor, lane(*due, next, changed), [&](std::exception_ptr thrown) {
      if (thrown) failure = thrown;
      if (--running == 0) all_done.cancel();
    });
  }
  while (running > 0) co_await all_done.async_wait(use_result);
  if (failure) std::rethrow_exception(failure);
  co_return changed;
}

Task<void> Delivery::lane(std::vector<StoredMessage>& due, std::size_t& next, std::size_t& changed) {
  while (next < due.size() && !stopping_) {
    StoredMessage message = std::move(due[next++]);
    if (co_await outbox_.take_up(std::move(message), Deadline::after(kMessagePatience))) ++changed;
  }
}

void Delivery::stop() {
  stopping_ = true;
  timer_.cancel();
}

}  // namespace kriya::messaging
