// Ranges of IP addresses, for TRUSTED_PROXIES.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/text.h"

namespace kriya::config {

/// An IPv6 address in network order. An IPv4 address is held in its mapped form ::ffff:a.b.c.d (RFC 4291 section
/// 2.5.5.2), so that a peer of a dual-stack socket and one of an IPv4 socket are the same peer.
using AddressBytes = std::array<std::uint8_t, 16>;

/// Reads an IPv4 or IPv6 literal without brackets, zone or leading zeros. Nullopt on anything else.
std::optional<AddressBytes> parse_address(std::string_view text);

bool is_ipv4(const AddressBytes& address);
bool is_loopback(const AddressBytes& address);  // 127.0.0.0/8 and ::1

/// A block of addresses (RFC 4632, RFC 4291). Bits beyond the prefix are ignored: 10.1.2.3/8 is 10.0.0.0/8.
class Cidr {
 public:
  /// "10.0.0.0/8", "2001:db8::/32", or a bare address, which stands for itself alone. A range inside ::ffff:0:0/96 is
  /// the IPv4 range that it maps.
  static Parsed<Cidr> parse(std::string_view text);

  /// IPv4 ranges hold IPv4 addresses only and IPv6 ranges IPv6 addresses only, so ::/0 holds no IPv4 peer.
  bool contains(const AddressBytes& address) const;

  /// The same for a literal; false for what is no address.
  bool contains(std::string_view address) const;

  /// Whether every address of the family lies in the range.
  bool is_everything() const;

 private:
  AddressBytes network_{};
  unsigned prefix_ = 0;  // counted in the 128 bits
};

}  // namespace kriya::config
