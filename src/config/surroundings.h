// What the doctor must know that no setting says.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "config/settings.h"

namespace kriya::config {

/// A file whose content nobody else should see.
struct PrivateFile {
  std::filesystem::path path;
  bool holds_secrets = false;       // a secret itself, not only data of persons
  bool readable_by_others = false;  // by every account of this machine
};

struct Surroundings {
  std::string today = {};               // in UTC, as "2026-12-31"; empty: nobody looked
  std::vector<PrivateFile> files = {};  // only those that exist

  // What the database said, when somebody asked it.
  std::string database_problem = {};  // why it cannot be used; empty when it can
  unsigned instances = 0;             // that run on it now
  bool limits_counted_apart = false;  // by several instances that do not share one Redis
};

/// Looks at the calendar, and at the modes of the `.env` file, the generated secrets and an SQLite database. A file in
/// a folder that others cannot enter counts as closed. Opens nothing, changes nothing.
Surroundings look_around(const Settings& settings, const std::filesystem::path& dotenv = ".env");

}  // namespace kriya::config
