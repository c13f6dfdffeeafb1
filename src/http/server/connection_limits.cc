#include "http/server/connection_limits.h"

#include <algorithm>

#include <boost/asio/ip/address.hpp>

namespace kriya::http::server {
namespace {

/// The address itself, or the first 64 bits of an IPv6 address.
std::string owner_of(const std::string& address) {
  boost::system::error_code ec;
  const auto v6 = boost::asio::ip::make_address_v6(address, ec);
  if (ec) return address;
  auto bytes = v6.to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), static_cast<unsigned char>(0));
  return boost::asio::ip::address_v6(bytes).to_string();
}

}  // namespace

bool ConnectionLimits::admit(const std::string& address) {
  if (open_.fetch_add(1) >= in_all_) {
    open_.fetch_sub(1);
    return false;
  }
  const std::scoped_lock lock(mutex_);
  std::size_t& count = by_owner_[owner_of(address)];
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
    const auto found = by_owner_.find(owner_of(address));
    if (found != by_owner_.end() && --found->second == 0) by_owner_.erase(found);
  }
  open_.fetch_sub(1);  // last: whoever waits for zero may then destroy this
}

}  // namespace kriya::http::server
