// Where the texts of the configuration come from: the process environment over a `.env` file.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "config/problem.h"

namespace kriya::config {

struct GivenVariables {
  VariableMap values;                 // for load()
  std::vector<std::string> warnings;  // one line each: names in the file that look like misspelt variables
};

/// Reads the file when it is there, then lets the environment win, for the names of the table only. A variable that is
/// set but empty wins too and means "unset": `PORT= kriya serve` runs with the default, whatever the file says.
/// Problems: the file cannot be read, is larger than 1 MiB, or has lines that are not understood (all of them, each
/// with its number).
tl::expected<GivenVariables, Problems> read_environment(const std::filesystem::path& dotenv = ".env");

/// A warning for each name that is no variable but close to one: another case, up to two typing errors, or the one
/// the beginning of the other (JWT_SECRET, PLANE_API_KEYS).
std::vector<std::string> misspelling_warnings(const VariableMap& values);

}  // namespace kriya::config
