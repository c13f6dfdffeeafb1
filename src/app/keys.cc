#include "app/keys.h"

namespace kriya::app {

Task<Result<identity::KeyRing>> load_keys(const config::Settings& settings, storage::Database& database) {
  if (crypto::is_symmetric(settings.jwt_algorithm)) {
    co_return identity::KeyRing::from_secrets(settings.jwt_algorithm, settings.jwt_secret,
                                              settings.jwt_previous_secrets);
  }
  co_return co_await identity::KeyRing::from_database(settings.jwt_algorithm, settings.master_key, database,
                                                      SystemClock{}.now(), Deadline::after(std::chrono::seconds(30)));
}

std::string public_url(const config::Settings& settings, std::uint16_t port) {
  return settings.public_url.empty() ? "http://localhost:" + std::to_string(port) : settings.public_url;
}

}  // namespace kriya::app
