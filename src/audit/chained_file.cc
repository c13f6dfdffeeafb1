#include "audit/chained_file.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace kriya::audit {

ChainedFile::ChainedFile(Options options, const ChainKey& key, Link last)
    : options_(std::move(options)), key_(&key), last_(std::move(last)), rotate_at_(options_.rotate_at) {}

Result<ChainedFile> ChainedFile::open(Options options, const ChainKey& key, Link last) {
  ChainedFile file(std::move(options), key, std::move(last));
  if (auto opened = file.reopen(); !opened) return fail(std::move(opened.error()));
  return file;
}

Result<void> ChainedFile::reopen() {
  const char* path = options_.path.c_str();
  auto fresh = std::make_shared<const FileHandle>(::open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
  struct stat status{};
  if (!fresh->is_open() || ::fstat(fresh->get(), &status) != 0) {
    return fail(Errc::unavailable, "Cannot open " + options_.path.string() + ": " + std::strerror(errno));
  }
  char last = '\n';
  if (status.st_size > 0 && ::pread(fresh->get(), &last, 1, status.st_size - 1) != 1) last = '\0';
  file_ = std::move(fresh);
  size_ = static_cast<std::uint64_t>(status.st_size);
  in_a_line_ = last != '\n';
  return {};
}

bool ChainedFile::append(std::span<std::string> bodies) {
  std::string bytes;
  if (in_a_line_) bytes = "\n";
  Link link = last_;
  for (std::string& body : bodies) {
    key_->seal(options_.framing, body, link);
    bytes.append(body).append("\n");
  }
  if (!write_whole(bytes)) return false;
  last_ = std::move(link);
  in_a_line_ = false;
  size_ += bytes.size();
  rotate_if_large();
  return true;
}

/// A part that was written is taken back, so that the next line stands by itself.
bool ChainedFile::write_whole(const std::string& bytes) {
  ssize_t written = 0;
  do {
    written = ::write(file_->get(), bytes.data(), bytes.size());
  } while (written < 0 && errno == EINTR);
  if (written == static_cast<ssize_t>(bytes.size())) return true;
  failure_ = written < 0 ? errno : ENOSPC;
  struct stat status{};
  if (written > 0 &&
      (::fstat(file_->get(), &status) != 0 || ::ftruncate(file_->get(), status.st_size - written) != 0)) {
    in_a_line_ = true;
  }
  return false;
}

/// Where that fails the file goes on growing, and it is tried again after as much once more.
void ChainedFile::rotate_if_large() {
  if (size_ < rotate_at_) return;
  const auto aside = rotated_file(options_.path, options_.framing, last_.sequence);
  if (::rename(options_.path.c_str(), aside.c_str()) == 0 && reopen()) {
    rotate_at_ = options_.rotate_at;
  } else {
    rotate_at_ = size_ + options_.rotate_at;
  }
}

}  // namespace kriya::audit
