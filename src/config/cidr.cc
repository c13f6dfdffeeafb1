#include "config/cidr.h"

#include <algorithm>
#include <charconv>
#include <string>

#include <arpa/inet.h>

namespace kriya::config {
namespace {

constexpr unsigned kMappedBits = 96;
constexpr std::array<std::uint8_t, 12> kMappedPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

std::optional<unsigned> parse_prefix_length(std::string_view text, unsigned most) {
  unsigned length = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  const bool padded = text.size() > 1 && text.front() == '0';
  if (!whole || padded || length > most) return std::nullopt;
  return length;
}

bool same_bits(const AddressBytes& left, const AddressBytes& right, unsigned bits) {
  const std::size_t bytes = bits / 8;
  if (!std::equal(left.begin(), left.begin() + bytes, right.begin())) return false;
  const unsigned rest = bits % 8;
  return rest == 0 || (left[bytes] ^ right[bytes]) >> (8 - rest) == 0;
}

}  // namespace

std::optional<AddressBytes> parse_address(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return std::nullopt;
  const std::string terminated(text);
  AddressBytes bytes{};
  if (inet_pton(AF_INET6, terminated.c_str(), bytes.data()) == 1) return bytes;
  std::ranges::copy(kMappedPrefix, bytes.begin());
  if (inet_pton(AF_INET, terminated.c_str(), bytes.data() + kMappedPrefix.size()) == 1) return bytes;
  return std::nullopt;
}

bool is_ipv4(const AddressBytes& address) {
  return std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), address.begin());
}

bool is_loopback(const AddressBytes& address) {
  constexpr AddressBytes kIpv6Loopback{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  return address == kIpv6Loopback || (is_ipv4(address) && address[12] == 127);
}

Parsed<Cidr> Cidr::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = parse_address(text.substr(0, slash));
  if (!address) return tl::unexpected<std::string>("is no IP address or CIDR");

  const bool dotted = text.find(':') == std::string_view::npos;
  const unsigned family_bits = dotted ? 32 : 128;
  unsigned length = family_bits;
  if (slash != std::string_view::npos) {
    const auto given = parse_prefix_length(text.substr(slash + 1), family_bits);
    if (!given) return tl::unexpected("needs a prefix length from 0 to " + std::to_string(family_bits));
    length = *given;
  }
  Cidr range;
  range.network_ = *address;
  range.prefix_ = dotted ? length + kMappedBits : length;
  return range;
}

bool Cidr::contains(const AddressBytes& address) const {
  const bool range_is_ipv4 = prefix_ >= kMappedBits && is_ipv4(network_);
  return range_is_ipv4 == is_ipv4(address) && same_bits(network_, address, prefix_);
}

bool Cidr::contains(std::string_view address) const {
  const auto bytes = parse_address(address);
  return bytes && contains(*bytes);
}

bool Cidr::is_everything() const { return prefix_ == 0 || (prefix_ == kMappedBits && is_ipv4(network_)); }

}  // namespace kriya::config
