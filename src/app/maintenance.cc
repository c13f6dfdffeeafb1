#include "app/maintenance.h"

namespace kriya::app {
namespace {

constexpr std::chrono::hours kPeriod{1};
constexpr std::int64_t kStep = 500;

}  // namespace

Maintenance::Maintenance(asio::io_context& context, std::vector<Sweep> sweeps, const telemetry::Log& log,
                         std::chrono::milliseconds first)
    : timer_(context), sweeps_(std::move(sweeps)), log_(log), first_(first) {}

Task<void> Maintenance::run() {
  timer_.expires_after(first_);
  while (!stopping_) {
    co_await timer_.async_wait(use_result);
    for (const Sweep& one : sweeps_) {
      if (!stopping_) co_await sweep(one);
    }
    timer_.expires_after(kPeriod);
  }
}

Task<void> Maintenance::sweep(const Sweep& sweep) {
  std::int64_t removed = 0;
  for (std::int64_t step = kStep; step >= kStep && !stopping_; removed += step) {
    const auto swept = co_await sweep.step(kStep, Deadline::after(std::chrono::seconds(30)));
    if (!swept) {
      log_.warning("a sweep failed; it is tried again in an hour",
                   {{"of", std::string_view(sweep.what)}, {"cause", std::string_view(swept.error().detail)}});
      co_return;
    }
    step = *swept;
  }
  if (removed > 0) log_.info("swept", {{"what", std::string_view(sweep.what)}, {"removed", removed}});
}

void Maintenance::stop() {
  stopping_ = true;
  timer_.cancel();
}

}  // namespace kriya::app
