#include "mcp/session_ids.h"

#include <algorithm>
#include <array>

#include "base/encoding.h"
#include "crypto/digest.h"
#include "crypto/random.h"
#include "mcp/protocol.h"

namespace kriya::mcp {
namespace {

// The payload: process (8 bytes), seconds since 1970 (8, big-endian), version (10 characters), capabilities (1 byte, a
// bit each), random (16). Then the HMAC (32).
constexpr std::size_t kProcess = 8;
constexpr std::size_t kTime = 8;
constexpr std::size_t kVersion = 10;
constexpr std::size_t kRandom = 16;
constexpr std::size_t kPayload = kProcess + kTime + kVersion + 1 + kRandom;
constexpr std::size_t kMac = 32;

constexpr std::array<std::string_view, 3> kCapabilities{"sampling", "elicitation", "roots"};

std::string big_endian(std::int64_t number) {
  std::string bytes(kTime, '\0');
  for (std::size_t i = 0; i < kTime; ++i) bytes[kTime - 1 - i] = static_cast<char>((number >> (8 * i)) & 0xff);
  return bytes;
}

std::int64_t from_big_endian(std::string_view bytes) {
  std::uint64_t number = 0;
  for (const char byte : bytes) number = (number << 8) | static_cast<unsigned char>(byte);
  return static_cast<std::int64_t>(number);
}

char as_bits(const json::object& capabilities) {
  int bits = 0;
  for (std::size_t i = 0; i < kCapabilities.size(); ++i) {
    if (object_member(capabilities, kCapabilities[i]) != nullptr) bits |= 1 << i;
  }
  return static_cast<char>(bits);
}

json::object from_bits(char bits) {
  json::object capabilities;
  for (std::size_t i = 0; i < kCapabilities.size(); ++i) {
    if ((bits >> i) & 1) capabilities[kCapabilities[i]] = json::object();
  }
  return capabilities;
}

}  // namespace

json::object known_capabilities(const json::object* declared) {
  return declared == nullptr ? json::object() : from_bits(as_bits(*declared));
}

SessionIds::SessionIds(const Secret& master_key, const Clock& clock, std::chrono::seconds life)
    : key_(crypto::derive_key(master_key, "mcp-session")),
      clock_(clock),
      life_(life),
      process_(crypto::random_bytes(kProcess)) {}

std::string SessionIds::make(const SessionTerms& terms, std::string_view subject) const {
  std::string payload = process_ + big_endian(clock_.now().seconds());
  payload += terms.version;
  payload += as_bits(terms.capabilities);
  payload += crypto::random_bytes(kRandom);
  return base64url_encode(payload + mac(payload, subject));
}

std::optional<SessionIds::Read> SessionIds::read(std::string_view id, std::string_view subject) const {
  const auto bytes = base64url_decode(id);
  if (!bytes || bytes->size() != kPayload + kMac) return std::nullopt;
  const std::string_view payload = std::string_view(*bytes).substr(0, kPayload);
  if (!crypto::equal_in_constant_time(mac(payload, subject), std::string_view(*bytes).substr(kPayload))) {
    return std::nullopt;
  }
  const auto version = find_version(payload.substr(kProcess + kTime, kVersion));
  const std::int64_t made = from_big_endian(payload.substr(kProcess, kTime));
  if (!version || clock_.now().seconds() >= made + life_.count()) return std::nullopt;
  return Read{{*version, from_bits(payload[kProcess + kTime + kVersion])}, payload.starts_with(process_)};
}

std::string SessionIds::mac(std::string_view payload, std::string_view subject) const {
  return crypto::hmac_sha256(key_.reveal(), std::string(payload) + std::string(subject));
}

}  // namespace kriya::mcp
