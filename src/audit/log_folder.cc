#include "audit/log_folder.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <tuple>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/time.h"

namespace kriya::audit {
namespace {

constexpr std::string_view kStem = "tool_calls";
constexpr std::size_t kChunk = 128 * 1024;
constexpr std::size_t kLongestLine = 4 * 1024 * 1024;  // of what is looked at to find one that can be read

std::string_view extension(Framing framing) { return framing == Framing::json ? ".json" : ".log"; }

/// Which writer's file of which kind has this name. Nullopt: none has.
std::optional<LogFile> read_name(std::string_view name) {
  if (!name.starts_with(kStem)) return std::nullopt;
  name.remove_prefix(kStem.size());
  LogFile file;
  if (name.size() > 1 && name[0] == '.' && name[1] >= '1' && name[1] <= '9') {
    const auto [end, error] = std::from_chars(name.data() + 1, name.data() + name.size(), file.writer);
    if (error != std::errc() || file.writer < 2) return std::nullopt;
    name.remove_prefix(static_cast<std::size_t>(end - name.data()));
  }
  for (const Framing framing : {Framing::json, Framing::text}) {
    file.framing = framing;
    if (name.starts_with(extension(framing))) return file;
    if (name.starts_with('-') && name.ends_with(extension(framing))) return file;
  }
  return std::nullopt;
}

bool is_compressed(const std::filesystem::path& path) {
  constexpr auto endings = std::to_array<std::string_view>({".gz", ".xz", ".zst", ".bz2", ".lz4"});
  return std::ranges::find(endings, path.extension().string()) != endings.end();
}

std::uint64_t first_line(const LogFile& file) {
  LineReader lines(open_for_reading(file.path));
  std::size_t looked_at = 0;
  while (const auto line = lines.next()) {
    if (const auto read = read_chained_line(file.framing, *line)) return read->link.sequence;
    looked_at += line->size();
    if (looked_at > kLongestLine) break;
  }
  return 0;
}

std::string read_tail(int file, std::uint64_t size, std::size_t bytes) {
  std::string tail(std::min<std::uint64_t>(size, bytes), '\0');
  const ssize_t got = ::pread(file, tail.data(), tail.size(), static_cast<off_t>(size - tail.size()));
  tail.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
  return tail;
}

}  // namespace

FileHandle::~FileHandle() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

FileHandle open_for_reading(const std::filesystem::path& path) {
  return FileHandle(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
}

std::string stem_of(unsigned writer) { return std::string(kStem) + (writer == 1 ? "" : "." + std::to_string(writer)); }

std::filesystem::path current_file(const std::filesystem::path& folder, unsigned writer, Framing framing) {
  return folder / stem_of(writer).append(extension(framing));
}

std::filesystem::path rotated_file(const std::filesystem::path& current, Framing framing, std::uint64_t last) {
  std::string time = to_rfc3339(Timestamp::from_seconds(SystemClock{}.now().seconds()));
  std::erase_if(time, [](char c) { return c == '-' || c == ':'; });
  return current.parent_path() /
         (current.stem().string() + "-" + time + "-" + std::to_string(last)).append(extension(framing));
}

std::vector<LogFile> list_log_files(const std::filesystem::path& folder) {
  std::vector<LogFile> files;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    auto file = read_name(entry.path().filename().string());
    if (!file || is_compressed(entry.path()) || !entry.is_regular_file(ignored)) continue;
    file->path = entry.path();
    file->first = first_line(*file);
    files.push_back(*std::move(file));
  }
  // A file without a line stands last: it is the new one, or cannot be placed.
  std::ranges::sort(
      files, {}, [](const LogFile& file) { return std::tuple(file.writer, file.framing, file.first - 1, file.path); });
  return files;
}

std::vector<LogFile> list_compressed_files(const std::filesystem::path& folder) {
  std::vector<LogFile> files;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    auto file = read_name(entry.path().stem().string());
    if (!file || !is_compressed(entry.path())) continue;
    file->path = entry.path();
    files.push_back(*std::move(file));
  }
  std::ranges::sort(files, {}, &LogFile::path);
  return files;
}

Result<FileHandle> lock_writer(const std::filesystem::path& folder, unsigned writer) {
  const auto path = folder / (stem_of(writer) + ".lock");
  FileHandle file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file.is_open()) return fail(Errc::unavailable, "Cannot open " + path.string() + ": " + std::strerror(errno));
  if (::flock(file.get(), LOCK_EX | LOCK_NB) == 0) return file;
  if (errno == EWOULDBLOCK) return FileHandle();
  return fail(Errc::unavailable, "Cannot lock " + path.string() + ": " + std::strerror(errno));
}

std::optional<std::string_view> LineReader::next() {
  for (std::size_t looked = at_;;) {
    const std::size_t end = buffer_.find('\n', looked);
    if (end != std::string::npos) {
      const std::string_view line = std::string_view(buffer_).substr(at_, end - at_);
      at_ = end + 1;
      return line;
    }
    buffer_.erase(0, at_);
    at_ = 0;
    looked = buffer_.size();
    buffer_.resize(looked + kChunk);
    const ssize_t got = file_.is_open() ? ::pread(file_.get(), buffer_.data() + looked, kChunk, offset_) : 0;
    buffer_.resize(looked + (got < 0 ? 0 : static_cast<std::size_t>(got)));
    if (got <= 0) return std::nullopt;
    offset_ += got;
  }
}

FileEnd end_of_file(const std::filesystem::path& path, Framing framing) {
  const FileHandle file = open_for_reading(path);
  struct stat status{};
  if (!file.is_open() || ::fstat(file.get(), &status) != 0) return {};
  const auto size = static_cast<std::uint64_t>(status.st_size);
  FileEnd found;
  for (const std::size_t bytes : {kChunk, kLongestLine}) {
    const std::string tail = read_tail(file.get(), size, bytes);
    const std::size_t last_break = tail.rfind('\n');
    if (last_break == std::string::npos) {
      found.torn_bytes = size;
      continue;
    }
    found.torn_bytes = tail.size() - last_break - 1;
    for (std::size_t end = last_break; end != std::string::npos && end > 0;) {
      const std::size_t before = tail.rfind('\n', end - 1);
      const std::size_t begin = before == std::string::npos ? 0 : before + 1;
      // The first piece of the tail may be the end of a longer line; its own end is all that counts.
      if (const auto line = read_chained_line(framing, std::string_view(tail).substr(begin, end - begin))) {
        found.last = line->link;
        return found;
      }
      end = before;
    }
  }
  return found;
}

}  // namespace kriya::audit
