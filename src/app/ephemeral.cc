#include "app/ephemeral.h"

#include "storage/ephemeral/memory.h"
#include "storage/ephemeral/redis.h"

namespace kriya::app {

using storage::ephemeral::Memory;
using storage::ephemeral::Redis;

std::unique_ptr<storage::ephemeral::Ephemeral> open_ephemeral(const config::Settings& settings, IoThreads& threads,
                                                              const Clock& clock, const telemetry::Log& log,
                                                              telemetry::Metrics& metrics) {
  const config::RedisUrl& url = settings.redis_url;
  if (url.empty()) return std::make_unique<Memory>(clock);
  Redis::Options options;
  options.host = url.host;
  options.port = url.port;
  options.tls = url.tls;
  options.user = url.user;
  options.password = url.password;
  options.database = url.database;
  return Redis::open(std::move(options), threads, log, metrics);
}

}  // namespace kriya::app
