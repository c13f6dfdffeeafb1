#include "mcp/running.h"

#include <vector>

namespace kriya::mcp {

std::shared_ptr<Running::Ticket> Running::begin(std::stop_source stop) {
  const std::lock_guard lock(mutex_);
  if (stopping_ || stops_.size() >= most_) return nullptr;
  stops_.push_back(std::move(stop));
  return std::make_shared<Ticket>(shared_from_this(), std::prev(stops_.end()));
}

bool Running::stop(std::chrono::milliseconds timeout) {
  std::vector<std::stop_source> stops;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    stops.assign(stops_.begin(), stops_.end());
  }
  for (std::stop_source& stop : stops) stop.request_stop();  // without the lock: what is called back may end at once
  std::unique_lock lock(mutex_);
  return ended_.wait_for(lock, timeout, [this] { return stops_.empty(); });
}

void Running::end(std::list<std::stop_source>::iterator place) {
  const std::lock_guard lock(mutex_);
  stops_.erase(place);
  if (stops_.empty()) ended_.notify_all();
}

}  // namespace kriya::mcp
