// Reads a writer's calls from its files, in order, while they grow and are put aside.
#pragma once

#include <filesystem>
#include <optional>

#include "audit/log_folder.h"
#include "audit/tool_log.h"

namespace kriya::audit {

/// For one thread at a time. What was not made with the key is passed over: nobody writes rows by writing to a file.
class LogFollower {
 public:
  /// Begins after line number `after`. The key must outlive it.
  LogFollower(std::filesystem::path folder, unsigned writer, const ChainKey& key, std::uint64_t after);

  /// Nullopt: there is no more by now.
  std::optional<ToolCallEntry> next();

  /// The number of the last line that was read.
  std::uint64_t at() const { return at_; }

 private:
  bool open_next_file();

  std::filesystem::path folder_;
  unsigned writer_;
  const ChainKey& key_;
  std::uint64_t at_;
  std::uint64_t first_in_file_ = 0;
  std::optional<LineReader> lines_;
};

}  // namespace kriya::audit
