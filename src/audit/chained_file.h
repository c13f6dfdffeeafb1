// One file that lines are only ever added to, each chained to the one before; put aside when it is large.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "audit/hash_chain.h"
#include "audit/log_folder.h"
#include "base/error.h"

namespace kriya::audit {

/// For one thread at a time, and one process at a time: hold the writer's lock.
class ChainedFile {
 public:
  struct Options {
    std::filesystem::path path;
    Framing framing = Framing::json;
    std::uint64_t rotate_at = 0;  // bytes; a line that reaches it is the last one of its file
  };

  /// Goes on after `last`. The key must outlive it. A line that a crash has torn is closed off by the next append.
  /// Errors: unavailable.
  static Result<ChainedFile> open(Options options, const ChainKey& key, Link last);

  /// Adds a line for each body (hash_chain.h) by one write(2): all or none of them. The bodies are sealed in place, and
  /// of no use afterwards. False: nothing was added, and `failure` says why.
  bool append(std::span<std::string> bodies);

  /// errno of the last append that failed.
  int failure() const { return failure_; }

  /// Opens the path again, which logrotate may have taken the file away from. Errors: unavailable; the old file stays.
  Result<void> reopen();

  const Link& last() const { return last_; }

  /// The file that is written to, for fdatasync by another thread.
  std::shared_ptr<const FileHandle> handle() const { return file_; }

 private:
  ChainedFile(Options options, const ChainKey& key, Link last);
  bool write_whole(const std::string& bytes);
  void rotate_if_large();

  Options options_;
  const ChainKey* key_;
  Link last_;
  std::shared_ptr<const FileHandle> file_;
  std::uint64_t size_ = 0;
  std::uint64_t rotate_at_;
  bool in_a_line_ = false;  // the file does not end in a line break
  int failure_ = 0;
};

}  // namespace kriya::audit
