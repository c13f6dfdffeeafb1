#include "http/server/connection_limits.h"

#include "http/client_address.h"

namespace kriya::http::server {
bool ConnectionLimits::admit(const std::string& address) {
  if (open_.fetch_add(1) >= in_all_) {
    open_.fetch_sub(1);
    return false;
  }
  const std::scoped_lock lock(mutex_);
  std::size_t& count = by_owner_[address_owner(address)];
  if (count >= per_address_ && !exempt_(address)) {
    open_.fetch_sub(1);
    return false;
  }
  ++count;
  return true;
}

void ConnectionLimits::release(const std::string& address) {
  {
    const std::scoped_lock lock(mutex_);
    const auto found = by_owner_.find(address_owner(address));
    if (found != by_owner_.end() && --found->second == 0) by_owner_.erase(found);
  }
  open_.fetch_sub(1);  // last: whoever waits for zero may then destroy this
}

}  // namespace kriya::http::server
