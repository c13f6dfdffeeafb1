// The chain that holds the lines of a log together: each bears a keyed hash over itself and the line before.
//
// A line of JSON ends in    ,"sequence":<n>,"previous":"<hash of the line before>","hash":"<hash>"}
// and its hash is           HMAC-SHA256(key, all bytes of the line before `,"hash":`).
// A line of text ends in     #<n>:<hash>
// and its hash is           HMAC-SHA256(key, <hash of the line before> + " " + all bytes of the line before `:<hash>`).
//
// Hashes are 64 lower-case hexadecimal digits. Of the first line of a chain, n is 1 and the hash before is zeros. The
// key is HKDF-SHA256(MASTER_KEY, info "kriya/tool-log"): whoever has not got it cannot make a line, nor the chain anew
// from a changed line on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/secret.h"
#include "crypto/key.h"

namespace kriya::audit {

enum class Framing { json, text };

/// A place in a chain: that of the last line, of which the next one goes on.
struct Link {
  std::uint64_t sequence = 0;
  std::string hash = std::string(64, '0');

  bool operator==(const Link&) const = default;
};

/// A line as it claims to be; nothing of it is proven.
struct ChainedLine {
  std::string_view covered;  // what the hash is over, but for a text's hash before
  Link link;
  std::string previous = {};  // of JSON only: a text does not tell it
};

/// Reads the end of a line, without its line break. Nullopt when it does not look like one of ours.
std::optional<ChainedLine> read_chained_line(Framing framing, std::string_view line);

/// Safe to use from every thread.
class ChainKey {
 public:
  explicit ChainKey(const Secret& master_key);

  /// Appends the end to `body` (of JSON: an object without its closing brace) that makes it the line after `last`,
  /// which becomes its link.
  void seal(Framing framing, std::string& body, Link& last) const;

  /// Whether the line was made with this key, and, where that goes into its hash, right after `before`.
  bool made(Framing framing, const ChainedLine& line, const std::string& before) const;

  /// HMAC-SHA256 under the key, in hexadecimal digits.
  std::string mac(std::string_view bytes) const;

 private:
  crypto::Key key_;
};

}  // namespace kriya::audit
