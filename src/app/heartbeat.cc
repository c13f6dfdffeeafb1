#include "app/heartbeat.h"

#include <array>

#include <unistd.h>

namespace kriya::app {
namespace {

constexpr std::chrono::seconds kPatience{2};
constexpr std::chrono::seconds kPatienceAtTheEnd{1};

}  // namespace

Heartbeat::Heartbeat(asio::io_context& context, operations::Instance self, storage::Database& database,
                     const Clock& clock, const telemetry::Log& log, telemetry::Metrics& metrics)
    : timer_(context), self_(std::move(self)), instances_(database), clock_(clock), log_(log) {
  metrics.gauge("kriya_instances", "Instances on this database at the last look, this one included.",
                [running = running_] { return running->load(); });
}

Task<void> Heartbeat::run() {
  while (!stopping_) {
    co_await beat();
    if (stopping_) break;  // told so meanwhile: there is no timer to cancel
    timer_.expires_after(operations::Instances::kBeat);
    co_await timer_.async_wait(use_result);
  }
  (void)co_await instances_.leave(self_.id, Deadline::after(kPatienceAtTheEnd));
}

Task<void> Heartbeat::beat() {
  const auto others = co_await instances_.beat(self_, clock_.now(), Deadline::after(kPatience));
  if (!others) co_return;  // the database has told its own failure
  running_->store(1 + static_cast<double>(others->size()));
  const auto apart = operations::warning_of_limits_apart(self_, *others);
  if (apart && !warned_) log_.warning(*apart);
  warned_ = apart.has_value();
}

void Heartbeat::stop() {
  stopping_ = true;
  timer_.cancel();
}

std::string shared_store_name(const config::Settings& settings) {
  const config::RedisUrl& url = settings.redis_url;
  if (url.empty()) return {};
  return url.host + ":" + std::to_string(url.port) + "/" + std::to_string(url.database);
}

std::string instance_name(std::uint16_t port) {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host = {"localhost"};
  return std::string(host.data()) + ":" + std::to_string(port);
}

}  // namespace kriya::app
