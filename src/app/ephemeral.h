// Opening the store for what may expire: the only place that asks which engine it is.
#pragma once

#include <memory>

#include "base/time.h"
#include "config/settings.h"
#include "storage/ephemeral/ephemeral.h"

namespace kriya::app {

/// The store that REDIS_URL names; in this process when it names none. The clock must outlive it.
std::unique_ptr<storage::ephemeral::Ephemeral> open_ephemeral(const config::Settings& settings, const Clock& clock);

}  // namespace kriya::app
