#include "mcp/stream_guard.h"

namespace kriya::mcp {

Task<bool> StreamGuard::lets_on() {
  if (!still_good_ || Clock::now() < due_) co_return true;
  const bool good = co_await still_good_(bearer_);
  due_ = Clock::now() + every_;
  co_return good;
}

}  // namespace kriya::mcp
