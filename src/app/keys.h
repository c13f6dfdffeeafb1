// Which keys and which name the configuration gives this instance.
#pragma once

#include <string>

#include "base/error.h"
#include "config/settings.h"
#include "identity/key_ring.h"
#include "runtime/task.h"
#include "storage/database.h"

namespace kriya::app {

/// From the secrets, or from the database for asymmetric algorithms. Errors: those of KeyRing::from_database.
Task<Result<identity::KeyRing>> load_keys(const config::Settings& settings, storage::Database& database);

/// PUBLIC_URL, or what it is by default on this port.
std::string public_url(const config::Settings& settings, std::uint16_t port);

}  // namespace kriya::app
