#include "audit/hash_chain.h"

#include <charconv>

#include "base/encoding.h"
#include "crypto/digest.h"

namespace kriya::audit {
namespace {

constexpr std::size_t kHashSize = 64;
constexpr std::string_view kSequence = ",\"sequence\":";
constexpr std::string_view kPrevious = ",\"previous\":\"";
constexpr std::string_view kHash = ",\"hash\":\"";

bool take_suffix(std::string_view& text, std::string_view suffix) {
  if (!text.ends_with(suffix)) return false;
  text.remove_suffix(suffix.size());
  return true;
}

bool is_hash(std::string_view text) {
  return text.size() == kHashSize && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

/// The hash at the end of `text`, taken off; empty when there is none.
std::string take_hash(std::string_view& text) {
  if (text.size() < kHashSize || !is_hash(text.substr(text.size() - kHashSize))) return {};
  std::string hash(text.substr(text.size() - kHashSize));
  text.remove_suffix(kHashSize);
  return hash;
}

/// The number at the end of `text`, taken off; 0 when there is none.
std::uint64_t take_number(std::string_view& text) {
  const std::size_t last = text.find_last_not_of("0123456789");
  const std::string_view digits = text.substr(last == std::string_view::npos ? 0 : last + 1);
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (digits.empty() || digits.front() == '0' || error != std::errc() || end != digits.data() + digits.size()) return 0;
  text.remove_suffix(digits.size());
  return number;
}

std::string bytes_of_text(const std::string& before, std::string_view covered) {
  return before + " " + std::string(covered);
}

}  // namespace

std::optional<ChainedLine> read_chained_line(Framing framing, std::string_view line) {
  ChainedLine read;
  if (framing == Framing::json && !take_suffix(line, "\"}")) return std::nullopt;
  read.link.hash = take_hash(line);
  if (read.link.hash.empty()) return std::nullopt;
  if (!take_suffix(line, framing == Framing::json ? kHash : ":")) return std::nullopt;
  read.covered = line;
  if (framing == Framing::json) {
    if (!take_suffix(line, "\"")) return std::nullopt;
    read.previous = take_hash(line);
    if (read.previous.empty() || !take_suffix(line, kPrevious)) return std::nullopt;
  }
  read.link.sequence = take_number(line);
  if (read.link.sequence == 0 || !take_suffix(line, framing == Framing::json ? kSequence : " #")) return std::nullopt;
  return read;
}

ChainKey::ChainKey(const Secret& master_key)
    : key_(crypto::Key::from_secret(crypto::Algorithm::hs256, crypto::derive_key(master_key, "tool-log"))) {}

void ChainKey::seal(Framing framing, std::string& body, Link& last) const {
  const std::string sequence = std::to_string(last.sequence + 1);
  std::string hash;
  if (framing == Framing::json) {
    body.append(kSequence).append(sequence).append(kPrevious).append(last.hash).append("\"");
    hash = mac(body);
    body.append(kHash).append(hash).append("\"}");
  } else {
    body.append(" #").append(sequence);
    hash = mac(bytes_of_text(last.hash, body));
    body.append(":").append(hash);
  }
  last = {last.sequence + 1, std::move(hash)};
}

bool ChainKey::made(Framing framing, const ChainedLine& line, const std::string& before) const {
  const std::string made = framing == Framing::json ? mac(line.covered) : mac(bytes_of_text(before, line.covered));
  return crypto::equal_in_constant_time(made, line.link.hash);
}

std::string ChainKey::mac(std::string_view bytes) const { return hex_encode(key_.sign(bytes)); }

}  // namespace kriya::audit
