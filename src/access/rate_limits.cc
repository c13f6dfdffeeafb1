#include "access/rate_limits.h"

#include <algorithm>

namespace kriya::access {
namespace {

using http::RateLimit;
using storage::ephemeral::Rate;
using storage::ephemeral::Taken;

// A counter is not worth a longer wait, even where the request has more time.
constexpr std::chrono::milliseconds kPatience{250};

// After a failure open limits leave the store alone for so long: not every request must learn by waiting that it hangs.
constexpr std::chrono::milliseconds kPause{1000};

Rate rate_of(const RateLimit& limit) { return {.requests = limit.requests, .window = limit.window}; }

/// Until the quota is whole; or, when it is used up, until one request fits, which a refusal says and a request that
/// took the last one leaves to be reckoned: the bucket fills by one request in each window / requests.
std::chrono::milliseconds renewed_in(const Taken& taken, Rate rate) {
  if (taken.remaining > 0) return taken.full_again;
  if (!taken.allowed) return taken.retry_after;
  const auto step =
      std::chrono::ceil<std::chrono::milliseconds>(std::chrono::microseconds(rate.window) / rate.requests);
  return std::clamp(taken.full_again - rate.window + step, std::chrono::milliseconds(0), step);
}

}  // namespace

RateLimits::RateLimits(const http::Router& router, storage::ephemeral::Ephemeral& store, const Clock& clock,
                       const telemetry::Log& log, telemetry::Metrics& metrics, const std::vector<RateLimit>& others)
    : store_(store),
      fallback_(clock),
      clock_(clock),
      log_(log),
      failures_open_(metrics.counter("kriya_rate_limit_store_failures_total",
                                     "Requests counted without the shared store (open), or refused for want of it.",
                                     {{"policy", "open"}})),
      failures_closed_(metrics.counter("kriya_rate_limit_store_failures_total",
                                       "Requests counted without the shared store (open), or refused for want of it.",
                                       {{"policy", "closed"}})) {
  const auto count = [&](const std::string& name) {
    limited_[name] = &metrics.counter("kriya_rate_limited_total", "Requests over a limit.", {{"limit", name}});
  };
  for (const auto& [name, limit] : router.limits()) count(name);
  for (const RateLimit& limit : others) count(limit.name);
}

Task<Result<http::RateLimitVerdict>> RateLimits::take(const RateLimit& limit, std::string subject, Deadline deadline) {
  const auto taken = co_await count(limit, limit.name + ":" + subject, deadline);
  if (!taken) co_return fail(taken.error());
  if (!taken->allowed) limited_.at(limit.name)->add();
  co_return http::RateLimitVerdict{
      .allowed = taken->allowed, .remaining = taken->remaining, .renewed = renewed_in(*taken, rate_of(limit))};
}

Task<Result<Taken>> RateLimits::count(const RateLimit& limit, std::string key, Deadline deadline) {
  // A closed limit refuses people while it cannot count, so it asks every time.
  if (limit.when_away == RateLimit::WhenAway::closed || !pausing()) {
    auto taken = co_await store_.take(key, rate_of(limit), deadline.within(kPatience));
    if (taken) {
      store_answered();
      co_return taken;
    }
    store_failed(taken.error());
  }
  co_return co_await count_without_store(limit, std::move(key), deadline);
}

Task<Result<Taken>> RateLimits::count_without_store(const RateLimit& limit, std::string key, Deadline deadline) {
  if (limit.when_away == RateLimit::WhenAway::open) {
    failures_open_.add();
    co_return co_await fallback_.take(std::move(key), rate_of(limit), deadline);
  }
  failures_closed_.add();
  co_return fail(Errc::unavailable, "Requests cannot be counted at the moment; try again shortly.");
}

bool RateLimits::pausing() const {
  const std::int64_t left = ask_again_at_.load(std::memory_order_relaxed) - clock_.now().micros;
  return left > 0 && left <= std::chrono::microseconds(kPause).count();  // longer: the clock was set back
}

void RateLimits::store_failed(const Error& error) {
  ask_again_at_.store((clock_.now() + kPause).micros, std::memory_order_relaxed);
  if (away_.exchange(true)) return;
  log_.warning("request counters are out of reach: limits that guard money refuse, others count on this instance alone",
               {{"cause", std::string_view(error.detail)}});
}

void RateLimits::store_answered() {
  if (!away_.load(std::memory_order_relaxed) || !away_.exchange(false)) return;
  log_.info("request counters are back");
}

}  // namespace kriya::access
