// Takes up what the outbox still has to do, over and over.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include <boost/asio/steady_timer.hpp>

#include "messaging/outbox.h"
#include "runtime/task.h"

namespace kriya::messaging {

/// Runs on the executor of its context; ends when `stop` was called and what is under way is done. Any number of
/// processes may run one on the same database. The metrics must not be rendered after it is gone.
class Delivery {
 public:
  Delivery(asio::io_context& context, Outbox& outbox, const Clock& clock, telemetry::Metrics& metrics);

  Task<void> run();
  void stop();

  /// Does what is due now, at most a batch of it, several at a time: a provider's answer takes long, and codes do not
  /// live long. Returns how many messages it has changed.
  Task<std::size_t> step();

 private:
  Task<void> lane(std::vector<StoredMessage>& due, std::size_t& next, std::size_t& changed);

  asio::steady_timer timer_;
  Outbox& outbox_;
  const Clock& clock_;
  std::shared_ptr<std::atomic<double>> due_ = std::make_shared<std::atomic<double>>(0);
  bool more_is_due_ = false;  // the last look found a whole batch
  bool stopping_ = false;
};

}  // namespace kriya::messaging
