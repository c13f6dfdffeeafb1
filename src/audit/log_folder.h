// The files of the log in LOG_DIR, by name and by what is in them.
//
// tool_calls.json and tool_calls.log are the first writer's; a second process with the same folder writes
// tool_calls.2.json, and so on. What was put aside is tool_calls-<UTC time>-<number of its last line>.json, or whatever
// name logrotate gave it (tool_calls.json.1): the order is that of the lines' numbers.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/hash_chain.h"
#include "base/error.h"

namespace kriya::audit {

/// Closes its descriptor.
class FileHandle {
 public:
  explicit FileHandle(int descriptor = -1) : descriptor_(descriptor) {}
  FileHandle(FileHandle&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  FileHandle& operator=(FileHandle&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~FileHandle();

  bool is_open() const { return descriptor_ >= 0; }
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

/// Opened for reading; not open when that fails.
FileHandle open_for_reading(const std::filesystem::path& path);

/// "tool_calls", or "tool_calls.2": what the names of a writer's files begin with.
std::string stem_of(unsigned writer);
std::filesystem::path current_file(const std::filesystem::path& folder, unsigned writer, Framing framing);

/// The name for a file that is put aside, whose last line is `last`.
std::filesystem::path rotated_file(const std::filesystem::path& current, Framing framing, std::uint64_t last);

struct LogFile {
  std::filesystem::path path;
  unsigned writer = 1;
  Framing framing = Framing::json;
  std::uint64_t first = 0;  // number of its first line that can be read; 0: none can
};

/// All there are: by writer, JSON before text, and in the order of their lines. A folder that is not there has none.
std::vector<LogFile> list_log_files(const std::filesystem::path& folder);

/// Those that logrotate has compressed, which nobody here can read.
std::vector<LogFile> list_compressed_files(const std::filesystem::path& folder);

/// Takes the writer's lock for this process, as long as the handle lives. Not open: another process has it.
/// Errors: unavailable, when the lock's file cannot be used.
Result<FileHandle> lock_writer(const std::filesystem::path& folder, unsigned writer);

/// Lines of an open file one by one, wherever it may have been moved.
class LineReader {
 public:
  explicit LineReader(FileHandle file) : file_(std::move(file)) {}

  /// Without its line break, good until the next call. Nullopt at the end of what there is by now; the beginning of a
  /// line is kept for later, see `unfinished`.
  std::optional<std::string_view> next();

  /// What stands after the last line break.
  std::string_view unfinished() const { return std::string_view(buffer_).substr(at_); }

 private:
  FileHandle file_;
  std::string buffer_;
  std::size_t at_ = 0;
  std::int64_t offset_ = 0;
};

/// The link of the last line that can be read, and how many bytes stand after the last line break.
struct FileEnd {
  std::optional<Link> last;
  std::uint64_t torn_bytes = 0;
};
FileEnd end_of_file(const std::filesystem::path& path, Framing framing);

}  // namespace kriya::audit
