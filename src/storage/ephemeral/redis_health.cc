#include "storage/ephemeral/redis_health.h"

#include <algorithm>

namespace kriya::storage::ephemeral {
namespace {

constexpr std::chrono::seconds kRefusalsQuiet{60};
constexpr std::size_t kMostShownBytes = 200;
constexpr std::array<const char*, 5> kReasons{"away", "timeout", "lost", "refused", "crowded"};

}  // namespace

RedisHealth::RedisHealth(std::string address, const telemetry::Log& log, telemetry::Metrics& metrics)
    : address_(std::move(address)), log_(log) {
  for (std::size_t i = 0; i < kReasons.size(); ++i) {
    failures_[i] = &metrics.counter("kriya_redis_failures_total",
                                    "Calls to Redis without an answer, by reason: away, timeout, "
                                    "lost (the connection), refused (by Redis), crowded (too many "
                                    "calls wait).",
                                    {{"reason", kReasons[i]}});
  }
}

std::shared_ptr<RedisHealth> RedisHealth::watch(std::string address, const telemetry::Log& log,
                                                telemetry::Metrics& metrics) {
  std::shared_ptr<RedisHealth> health(new RedisHealth(std::move(address), log, metrics));
  metrics.gauge("kriya_redis_up", "Whether Redis can be reached.", [health] { return health->up(); });
  return health;
}

void RedisHealth::moved(LinkState from, LinkState to, std::string_view cause) {
  const std::scoped_lock lock(mutex_);
  const bool was_away = away_ > 0;
  up_ += (to == LinkState::up) - (from == LinkState::up);
  away_ += (to == LinkState::away) - (from == LinkState::away);
  if (away_ > 0 && !was_away) {
    away_since_ = Steady::now();
    log_.warning("Redis is away", {{"address", std::string_view(address_)}, {"cause", cause}});
  } else if (away_ == 0 && was_away && to == LinkState::up) {
    const auto span = std::chrono::duration_cast<std::chrono::milliseconds>(Steady::now() - away_since_);
    log_.info("Redis is back",
              {{"address", std::string_view(address_)}, {"away_ms", static_cast<std::int64_t>(span.count())}});
  }
}

void RedisHealth::refused(std::string_view answer) {
  count(Failure::refused);
  const std::scoped_lock lock(mutex_);
  if (Steady::now() < quiet_until_) return;
  quiet_until_ = Steady::now() + kRefusalsQuiet;
  const std::string cause = without_arguments(answer);
  log_.warning("Redis refuses a command",
               {{"address", std::string_view(address_)}, {"cause", std::string_view(cause)}});
}

double RedisHealth::up() const {
  const std::scoped_lock lock(mutex_);
  return up_ > 0 && away_ == 0 ? 1 : 0;
}

std::string without_arguments(std::string_view answer) {
  answer = answer.substr(0, answer.find(", with args"));  // "ERR unknown command 'AUTH', with args beginning with: …"
  return std::string(answer.substr(0, kMostShownBytes));
}

}  // namespace kriya::storage::ephemeral
