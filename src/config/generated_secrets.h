// The secrets that development makes for itself, so that a first run needs no configuration.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "config/problem.h"
#include "config/settings.h"

namespace kriya::config {

/// The files that secrets came from; empty where the configuration gave one.
struct GeneratedSecrets {
  std::filesystem::path jwt_secret_file;
  std::filesystem::path plane_api_key_file;
  std::vector<std::string> warnings;  // one line each
};

/// Step after load(). In development, where `jwt_secret` or `plane_api_keys` is empty, takes them from
/// DATA_DIR/jwt_secret and DATA_DIR/plane_api_key, making folder (mode 0700) and files (mode 0600) when missing:
/// written and synced under another name first, then linked, so that a crash leaves no half of a secret and of two
/// processes that start at once both use the one that came first. Everywhere: an empty `master_key` becomes
/// `jwt_secret`.
///
/// A file that others may read is set back to 0600; where that fails (a file system without modes, another owner) there
/// is a warning and the secret is used, because development on such machines must work.
/// Problem: folder or file cannot be made or read, or the file holds no usable secret.
tl::expected<GeneratedSecrets, Problem> fill_missing_secrets(Settings& settings);

/// Whether fill_missing_secrets() would only read: every secret is configured, or was generated before. For commands
/// that look and must not make.
bool secrets_are_there(const Settings& settings);

/// Where generated secrets lie, whether or not they are there.
std::filesystem::path jwt_secret_file(const Settings& settings);
std::filesystem::path plane_api_key_file(const Settings& settings);

/// Makes the folder with mode 0700 (and missing parents with the usual mode); one that is there is left as it is.
tl::expected<void, Problem> make_data_folder(const std::filesystem::path& folder);

}  // namespace kriya::config
