// Opening the store for what may expire: the only place that asks which engine it is.
#pragma once

#include <memory>

#include "base/time.h"
#include "config/settings.h"
#include "runtime/io_threads.h"
#include "storage/ephemeral/ephemeral.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

namespace kriya::app {

/// The store that REDIS_URL names; in this process when it names none. Redis may be away: it is found later. All
/// references must outlive the store.
std::unique_ptr<storage::ephemeral::Ephemeral> open_ephemeral(const config::Settings& settings, IoThreads& threads,
                                                              const Clock& clock, const telemetry::Log& log,
                                                              telemetry::Metrics& metrics);

}  // namespace kriya::app
