#include "mcp/change_feed.h"

#include "mcp/protocol.h"

namespace kriya::mcp {

std::string_view notification_of(Change::Kind kind) {
  switch (kind) {
    case Change::Kind::tools:
      return notification::kToolsChanged;
    case Change::Kind::prompts:
      return notification::kPromptsChanged;
    case Change::Kind::resources:
      return notification::kResourcesChanged;
    case Change::Kind::resource:
      return notification::kResourceUpdated;
  }
  return {};
}

ChangeFeed::Subscription::~Subscription() {
  const std::lock_guard lock(feed_.mutex_);
  feed_.listeners_.erase(number_);
}

std::unique_ptr<ChangeFeed::Subscription> ChangeFeed::listen(Listener listener) {
  const std::lock_guard lock(mutex_);
  listeners_.emplace(++last_, std::move(listener));
  return std::make_unique<Subscription>(*this, last_);
}

void ChangeFeed::publish(const Change& change) {
  const std::lock_guard lock(mutex_);
  for (const auto& [number, listener] : listeners_) listener(change);
}

}  // namespace kriya::mcp
