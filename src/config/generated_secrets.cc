#include "config/generated_secrets.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "config/secret_strength.h"
#include "config/value_parsers.h"
#include "crypto/random.h"

namespace kriya::config {
namespace {

using Path = std::filesystem::path;

constexpr mode_t kOwnerOnly = S_IRUSR | S_IWUSR;
constexpr std::size_t kMostSecretFileBytes = 4096;

tl::unexpected<Problem> refuse(const Path& path, std::string message) {
  return tl::unexpected(Problem{path.string(), std::move(message)});
}

tl::unexpected<Problem> refuse_with_errno(const Path& path, const std::string& what) {
  return refuse(path, what + ": " + std::generic_category().message(errno));
}

class File {
 public:
  File(const Path& path, int flags) : descriptor_(open(path.c_str(), flags | O_CLOEXEC, kOwnerOnly)) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  explicit operator bool() const { return descriptor_ >= 0; }
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

/// Removes the name that the secret was written under, whether or not the file has got its real name by then.
class TemporaryName {
 public:
  explicit TemporaryName(Path path) : path_(std::move(path)) {}
  TemporaryName(const TemporaryName&) = delete;
  TemporaryName& operator=(const TemporaryName&) = delete;
  ~TemporaryName() { unlink(path_.c_str()); }
  const Path& path() const { return path_; }

 private:
  Path path_;
};

bool write_and_sync(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return fsync(descriptor) == 0;
}

void sync_folder(const Path& folder) {
  if (const File opened(folder, O_RDONLY | O_DIRECTORY); opened) fsync(opened.descriptor());
}

/// Makes `path` with `secret` unless somebody else has just done so.
tl::expected<void, Problem> create(const Path& path, const Secret& secret) {
  const TemporaryName temporary(path.parent_path() / ("." + path.filename().string() + "." + crypto::random_token()));
  const File file(temporary.path(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW);
  const Secret line(std::string(secret.reveal()) + "\n");
  if (!file || fchmod(file.descriptor(), kOwnerOnly) != 0 || !write_and_sync(file.descriptor(), line.reveal())) {
    return refuse_with_errno(path, "cannot be written");
  }
  if (link(temporary.path().c_str(), path.c_str()) != 0 && errno != EEXIST) {
    return refuse_with_errno(path, "cannot be written");
  }
  sync_folder(path.parent_path());
  return {};
}

tl::expected<Secret, Problem> read_line(const Path& path, int descriptor) {
  std::array<char, kMostSecretFileBytes> bytes{};
  std::size_t size = 0;
  while (size < bytes.size()) {
    const ssize_t got = read(descriptor, bytes.data() + size, bytes.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return refuse_with_errno(path, "cannot be read");
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  Secret secret(std::string(trim(std::string_view(bytes.data(), size))));
  explicit_bzero(bytes.data(), bytes.size());
  return secret;
}

/// Nullopt when there is no such file.
tl::expected<std::optional<Secret>, Problem> read_existing(const Path& path, std::vector<std::string>& warnings) {
  const File file(path, O_RDONLY | O_NONBLOCK);  // O_NONBLOCK: a pipe of that name must not stop the start
  if (!file && errno == ENOENT) return std::nullopt;
  struct stat status{};
  if (!file || fstat(file.descriptor(), &status) != 0) return refuse_with_errno(path, "cannot be read");
  if (!S_ISREG(status.st_mode)) return refuse(path, "is not a regular file");
  const bool open_to_others = (status.st_mode & (S_IRWXG | S_IRWXO)) != 0;
  if (open_to_others && fchmod(file.descriptor(), kOwnerOnly) != 0) {
    warnings.push_back(path.string() + ": others may read this secret, and its mode cannot be changed");
  }
  return read_line(path, file.descriptor()).map([](Secret secret) { return std::optional(std::move(secret)); });
}

tl::expected<Secret, Problem> read_or_create(const Path& path, const Secret& fresh,
                                             std::vector<std::string>& warnings) {
  auto existing = read_existing(path, warnings);
  if (existing && !*existing) {
    if (auto created = create(path, fresh); !created) return tl::unexpected(created.error());
    existing = read_existing(path, warnings);  // what stands there now, ours or that of a process started beside us
  }
  if (!existing) return tl::unexpected(existing.error());
  if (!*existing) return refuse(path, "vanished while it was being made");
  return **std::move(existing);
}

tl::unexpected<Problem> unusable(const Path& path, const Secret& secret, std::string_view allowed) {
  return refuse(path, "holds a secret of " + std::to_string(secret.size()) +
                          " bytes; allowed: " + std::string(allowed) + "; delete the file and a new one is made");
}

tl::expected<void, Problem> fill_jwt_secret(Settings& settings, GeneratedSecrets& generated) {
  const Path path = jwt_secret_file(settings);
  const Secret fresh(crypto::random_token() + crypto::random_token());  // 86 bytes: enough for HS512 too
  auto secret = read_or_create(path, fresh, generated.warnings);
  if (!secret) return tl::unexpected(secret.error());
  if (secret->size() < kLeastSecretBytes) return unusable(path, *secret, "at least 32 bytes");
  settings.jwt_secret = *std::move(secret);
  generated.jwt_secret_file = path;
  return {};
}

tl::expected<void, Problem> fill_plane_api_key(Settings& settings, GeneratedSecrets& generated) {
  const Path path = plane_api_key_file(settings);
  auto secret = read_or_create(path, Secret(crypto::random_token()), generated.warnings);
  if (!secret) return tl::unexpected(secret.error());
  if (secret->size() < kLeastKeyCharacters || !parse_key(secret->reveal())) {
    return unusable(path, *secret, "at least 16 characters without spaces");
  }
  settings.plane_api_keys = {*std::move(secret)};
  generated.plane_api_key_file = path;
  return {};
}

}  // namespace

tl::expected<void, Problem> make_data_folder(const Path& folder) {
  const Path bare = folder.has_filename() ? folder : folder.parent_path();  // without a trailing slash
  std::error_code ignored;                                                  // mkdir below says what is wrong
  if (bare.has_parent_path()) std::filesystem::create_directories(bare.parent_path(), ignored);
  if (mkdir(bare.c_str(), S_IRWXU) == 0) return {};
  if (errno != EEXIST) return refuse_with_errno(folder, "cannot be made (DATA_DIR)");
  if (!std::filesystem::is_directory(bare, ignored)) return refuse(folder, "is not a folder (DATA_DIR)");
  return {};
}

std::filesystem::path jwt_secret_file(const Settings& settings) { return settings.data_dir / "jwt_secret"; }
std::filesystem::path plane_api_key_file(const Settings& settings) { return settings.data_dir / "plane_api_key"; }

bool secrets_are_there(const Settings& settings) {
  if (settings.in_production()) return true;  // nothing is generated there
  return (!settings.jwt_secret.empty() || std::filesystem::exists(jwt_secret_file(settings))) &&
         (!settings.plane_api_keys.empty() || std::filesystem::exists(plane_api_key_file(settings)));
}

tl::expected<GeneratedSecrets, Problem> fill_missing_secrets(Settings& settings) {
  GeneratedSecrets generated;
  const bool jwt_secret_missing = settings.jwt_secret.empty();
  const bool plane_api_key_missing = settings.plane_api_keys.empty();
  if (!settings.in_production() && (jwt_secret_missing || plane_api_key_missing)) {
    tl::expected<void, Problem> done = make_data_folder(settings.data_dir);
    if (done && jwt_secret_missing) done = fill_jwt_secret(settings, generated);
    if (done && plane_api_key_missing) done = fill_plane_api_key(settings, generated);
    if (!done) return tl::unexpected(done.error());
  }
  if (settings.master_key.empty()) settings.master_key = settings.jwt_secret;
  return generated;
}

}  // namespace kriya::config
