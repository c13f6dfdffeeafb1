#include "config/environment.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <numeric>
#include <optional>
#include <system_error>

#include <sys/stat.h>

#include "config/dotenv.h"
#include "config/table.h"

namespace kriya::config {
namespace {

constexpr std::size_t kMostFileBytes = 1 << 20;
constexpr std::size_t kLongName = 8;  // from here on two typing errors still point to one name

tl::unexpected<Problems> unreadable(const std::filesystem::path& file, std::string why) {
  return tl::unexpected(Problems{{file.string(), "cannot be read: " + std::move(why)}});
}

/// An absent file reads as an empty one.
tl::expected<std::string, Problems> read_file(const std::filesystem::path& file) {
  struct stat status{};
  if (stat(file.c_str(), &status) != 0) {
    if (errno == ENOENT) return std::string();
    return unreadable(file, std::generic_category().message(errno));
  }
  // Anything but a file of bytes is refused before it is opened: a pipe would wait for ever.
  if (!S_ISREG(status.st_mode)) return unreadable(file, "it is not a regular file");
  if (static_cast<std::size_t>(status.st_size) > kMostFileBytes) return unreadable(file, "it is larger than 1 MiB");
  errno = 0;
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return unreadable(file, std::generic_category().message(errno));
  return std::string(std::istreambuf_iterator<char>(stream), {});
}

/// Levenshtein's distance without regard to case.
std::size_t typing_errors(std::string_view left, std::string_view right) {
  std::vector<std::size_t> row(right.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 0; i < left.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < right.size(); ++j) {
      const bool same = equals_ignoring_case(left.substr(i, 1), right.substr(j, 1));
      const std::size_t best = std::min({diagonal + (same ? 0 : 1), row[j] + 1, row[j + 1] + 1});
      diagonal = std::exchange(row[j + 1], best);
    }
  }
  return row.back();
}

/// JWT_SECRET and JWT_SECRET_KEY, or PLANE_API_KEYS and PLANE_API_KEY; but not PORT and PORTAINER_URL.
bool continues(std::string_view whole, std::string_view beginning) {
  if (whole.size() <= beginning.size()) return false;
  if (!equals_ignoring_case(whole.substr(0, beginning.size()), beginning)) return false;
  return whole[beginning.size()] == '_' || equals_ignoring_case(whole.substr(beginning.size()), "s");
}

bool resembles(std::string_view given, std::string_view known) {
  const auto gap = given.size() > known.size() ? given.size() - known.size() : known.size() - given.size();
  const std::size_t most = known.size() >= kLongName ? 2 : 1;
  if (gap <= most && typing_errors(given, known) <= most) return true;
  const bool known_is_long = known.find('_') != std::string_view::npos;
  return continues(known, given) || (known_is_long && continues(given, known));
}

/// The closest of the variables that it resembles.
std::optional<std::string_view> meant_by(std::string_view given) {
  std::optional<std::string_view> closest;
  for (const Variable& variable : variables()) {
    if (!resembles(given, variable.name)) continue;
    if (!closest || typing_errors(given, variable.name) < typing_errors(given, *closest)) closest = variable.name;
  }
  return closest;
}

bool is_known(std::string_view name) {
  return std::ranges::any_of(variables(), [&](const Variable& variable) { return variable.name == name; });
}

}  // namespace

std::vector<std::string> misspelling_warnings(const VariableMap& values) {
  constexpr std::size_t kMostNameBytes = 64;  // longer ones resemble nothing; comparing them would only take time
  std::vector<std::string> warnings;
  for (const auto& [name, value] : values) {
    if (is_known(name) || name.size() > kMostNameBytes) continue;
    const auto meant = meant_by(name);
    if (meant)
      warnings.push_back(name + " is not a variable of Kriya and is ignored; did you mean " + std::string(*meant) +
                         "?");
  }
  return warnings;
}

tl::expected<GivenVariables, Problems> read_environment(const std::filesystem::path& dotenv) {
  const auto text = read_file(dotenv);
  if (!text) return tl::unexpected(text.error());
  auto from_file = parse_dotenv(*text);
  if (!from_file) {
    for (Problem& problem : from_file.error()) problem.where = dotenv.string() + " " + problem.where;
    return tl::unexpected(std::move(from_file.error()));
  }
  GivenVariables given{*std::move(from_file), {}};
  for (std::string& warning : misspelling_warnings(given.values)) {
    given.warnings.push_back(dotenv.string() + ": " + std::move(warning));
  }
  for (const Variable& variable : variables()) {
    const std::string name(variable.name);
    if (const char* value = std::getenv(name.c_str())) given.values.insert_or_assign(name, value);
  }
  return given;
}

}  // namespace kriya::config
