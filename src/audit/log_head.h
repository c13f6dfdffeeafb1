// How far a writer's chains have come, kept beside them: without it nobody could tell that their newest lines are gone.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "audit/hash_chain.h"
#include "base/error.h"

namespace kriya::audit {

struct LogHead {
  Link json;
  Link text;
  std::uint64_t stored = 0;  // number of the last line of JSON up to which all lines are rows
  Link json_before = {};     // the last line that was rightly removed: all after it must be there
  Link text_before = {};

  bool operator==(const LogHead&) const = default;
};

/// "tool_calls.head" in the folder.
std::filesystem::path head_file(const std::filesystem::path& folder, unsigned writer);

struct ReadHead {
  bool exists = false;
  std::optional<LogHead> head = {};     // none, though it exists: it was altered, or made with another key
  std::optional<LogHead> claimed = {};  // what it says, proven or not
};
ReadHead read_head(const std::filesystem::path& path, const ChainKey& key);

/// Puts it into the place of the one before, whole or not at all. Errors: unavailable.
Result<void> write_head(const std::filesystem::path& path, const LogHead& head, const ChainKey& key);

}  // namespace kriya::audit
