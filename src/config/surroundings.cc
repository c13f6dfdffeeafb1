#include "config/surroundings.h"

#include <sys/stat.h>

#include "base/time.h"
#include "config/generated_secrets.h"

namespace kriya::config {
namespace {

bool others_may(const std::filesystem::path& path, mode_t permission) {
  struct stat status{};
  return stat(path.c_str(), &status) == 0 && (status.st_mode & permission) != 0;
}

void add_if_there(Surroundings& surroundings, const std::filesystem::path& path, bool holds_secrets) {
  struct stat status{};
  if (stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return;
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  const bool open = others_may(path, S_IROTH) && others_may(folder, S_IXOTH);
  surroundings.files.push_back({path, holds_secrets, open});
}

}  // namespace

Surroundings look_around(const Settings& settings, const std::filesystem::path& dotenv) {
  Surroundings surroundings;
  surroundings.today = to_rfc3339(SystemClock().now()).substr(0, 10);  // the date of it
  add_if_there(surroundings, dotenv, true);
  add_if_there(surroundings, jwt_secret_file(settings), true);
  add_if_there(surroundings, plane_api_key_file(settings), true);
  if (settings.database.engine == DatabaseUrl::Engine::sqlite) {
    add_if_there(surroundings, settings.database.path, false);
  }
  return surroundings;
}

}  // namespace kriya::config
