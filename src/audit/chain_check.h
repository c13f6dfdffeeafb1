// One chain, line by line: what was removed, altered, reordered or torn, and whether its end is there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/hash_chain.h"

namespace kriya::audit {

/// A place where a log is not as it was written.
struct Break {
  std::string file;
  std::uint64_t line = 0;  // counted from 1; 0: the file as a whole
  std::string what;        // removed, altered, reordered, torn, truncated
  std::string detail;      // a sentence
};

/// Give it all lines of a chain in the order of its files, then `finish`. The keys must outlive it: a line is good when
/// one of them made it.
class ChainCheck {
 public:
  /// `end`: how far the chain is known to have come. `before`: the link of which the first line that must be there goes
  /// on; lines before it may be there or not. Nullopt: nobody knows, and older lines may rightly be gone.
  ChainCheck(Framing framing, const std::vector<ChainKey>& keys, std::optional<Link> end, std::optional<Link> before);

  /// Whether the line can be relied upon, apart from its place.
  bool add(const std::string& file, std::uint64_t number, std::string_view line);

  /// The bytes after the last line break of a file, which are no line.
  void add_unfinished(const std::string& file, std::uint64_t number);

  std::vector<Break> finish();

 private:
  struct Place {
    std::string file;
    std::uint64_t line = 0;
  };
  struct Gap {
    std::uint64_t from;
    std::uint64_t to;
    Place before;
  };

  bool made(const ChainedLine& line, const std::string& before) const;
  void say(const Place& place, const char* what, std::string detail);
  void say_unreadable(bool in_a_gap);
  bool add_late(const Place& place, const ChainedLine& line);
  bool add_next(const Place& place, const ChainedLine& line);

  Framing framing_;
  const std::vector<ChainKey>& keys_;
  std::optional<Link> end_;
  std::optional<Link> before_;
  bool started_ = false;
  bool last_is_sure_ = true;  // the hash of the last line is the one that was written
  Link last_;
  Place at_;
  std::vector<Place> unreadable_;  // since the last line that could be read
  std::vector<Gap> gaps_;
  std::vector<Break> breaks_;
};

}  // namespace kriya::audit
