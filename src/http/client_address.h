// Who is really asking, when proxies stand in between.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include <boost/asio/ip/address.hpp>

namespace kriya::http {

/// The text of an address as it is logged, counted and compared: an IPv4 address mapped into IPv6 (a peer of a
/// dual-stack socket) is the IPv4 address.
std::string address_text(const boost::asio::ip::address& address);

/// The client's address: `peer` itself, or, while the right-most hop is trusted, the next entry to the left in
/// X-Forwarded-For. The left end of that header is whatever the client wrote, so it is never read from there. An entry
/// that is no IP address ends the walk at the last good one. Ports and brackets are dropped.
std::string client_address(const std::string& peer, std::string_view forwarded_for,
                           const std::function<bool(const std::string&)>& trusted);

/// Whether a text is an IP address.
bool is_address(const std::string& text);

/// Who has an address, as far as counting goes: the address itself, or the network of the first 64 bits of an IPv6
/// address, because its owner has all of them.
std::string address_owner(const std::string& address);

}  // namespace kriya::http
