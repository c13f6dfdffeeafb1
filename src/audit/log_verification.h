// Whether the log in LOG_DIR is as it was written.
#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "audit/chain_check.h"
#include "base/time.h"
#include "base/uuid.h"

namespace kriya::audit {

struct FileReport {
  std::string file;
  std::uint64_t lines = 0;
  std::string first = {};  // time of its first and last line; empty: none can be read
  std::string last = {};
};

struct LogReport {
  std::vector<FileReport> files;
  std::vector<Break> breaks;
  std::int64_t lost = 0;  // entries that the log itself says could not be written
  std::vector<Uuid> rows_without_line = {};
  std::vector<std::string> not_checked = {};  // compressed files; older lines of their chains are not missed then

  bool good() const { return breaks.empty(); }
};

struct Verification {
  std::filesystem::path folder;
  std::vector<ChainKey> keys;     // the present one first
  bool old_files_may_go = false;  // TOOL_LOG_FILES keeps some only
  std::set<Uuid> rows = {};       // ids of rows that must have a line, but for those of files rightly removed
};

/// Reads everything. A server may be writing meanwhile: then `rows` must have been read before.
LogReport verify_log(Verification given);

}  // namespace kriya::audit
