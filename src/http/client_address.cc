#include "http/client_address.h"

#include <algorithm>

#include "base/text.h"

namespace kriya::http {
namespace {

/// "203.0.113.7", "203.0.113.7:4711", "[2001:db8::1]:4711" or "2001:db8::1" in canonical form; empty if none of these.
std::string canonical_address(std::string_view entry) {
  if (!entry.empty() && entry.front() == '[') {
    entry = entry.substr(1, entry.find(']') == std::string_view::npos ? 0 : entry.find(']') - 1);
  } else if (entry.find(':') != std::string_view::npos && entry.find(':') == entry.rfind(':')) {
    entry = entry.substr(0, entry.find(':'));
  }
  boost::system::error_code ec;
  const auto address = boost::asio::ip::make_address(std::string(entry), ec);
  if (ec) return {};
  return address_text(address);
}

}  // namespace

std::string address_text(const boost::asio::ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6()).to_string();
  }
  return address.to_string();
}

std::string client_address(const std::string& peer, std::string_view forwarded_for,
                           const std::function<bool(const std::string&)>& trusted) {
  std::string client = peer;
  while (!forwarded_for.empty() && trusted(client)) {
    const std::size_t comma = forwarded_for.rfind(',');
    const std::size_t start = comma == std::string_view::npos ? 0 : comma + 1;
    const std::string next = canonical_address(trim(forwarded_for.substr(start)));
    if (next.empty()) break;
    client = next;
    forwarded_for = forwarded_for.substr(0, comma == std::string_view::npos ? 0 : comma);
  }
  return client;
}

bool is_address(const std::string& text) {
  boost::system::error_code ec;
  boost::asio::ip::make_address(text, ec);
  return !ec;
}

std::string address_owner(const std::string& address) {
  if (address.find(':') == std::string::npos) return address;
  boost::system::error_code ec;
  const auto v6 = boost::asio::ip::make_address_v6(address, ec);
  if (ec) return address;
  auto bytes = v6.to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), static_cast<unsigned char>(0));
  return boost::asio::ip::address_v6(bytes).to_string();
}

}  // namespace kriya::http
