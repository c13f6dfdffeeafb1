#include "app/maintenance.h"

#include <boost/asio/as_tuple.hpp>

namespace kriya::app {
namespace {

constexpr std::chrono::hours kPeriod{1};
constexpr std::chrono::hours kKeepExpired{24 * 30};  // long enough to look into an incident afterwards
constexpr std::int64_t kStep = 500;                  // rows a write, so that no sign-in waits long behind it

}  // namespace

Maintenance::Maintenance(asio::io_context& context, identity::AccountStore& accounts, identity::SessionStore& sessions,
                         const Clock& clock, const telemetry::Log& log)
    : timer_(context), accounts_(accounts), sessions_(sessions), clock_(clock), log_(log) {}

Task<void> Maintenance::run() {
  while (!stopping_) {
    co_await sweep(What::tokens);
    co_await sweep(What::sessions);
    if (stopping_) break;  // told so while it swept: there is no timer to cancel
    timer_.expires_after(kPeriod);
    co_await timer_.async_wait(asio::as_tuple(use_task));
  }
}

Task<void> Maintenance::sweep(What what) {
  const std::string_view name = what == What::tokens ? "tokens" : "sessions";
  std::int64_t removed = 0;
  for (std::int64_t step = kStep; step == kStep && !stopping_; removed += step) {
    const Timestamp before = clock_.now() - kKeepExpired;
    const Deadline deadline = Deadline::after(std::chrono::seconds(30));
    Result<std::int64_t> swept;
    if (what == What::tokens) {
      swept = co_await accounts_.sweep_tokens(before, kStep, deadline);
    } else {
      swept = co_await sessions_.sweep(before, kStep, deadline);
    }
    if (!swept) {
      log_.warning("a sweep of what has expired failed; it is tried again in an hour",
                   {{"what", name}, {"cause", swept.error().detail}});
      co_return;
    }
    step = *swept;
  }
  if (removed > 0) log_.info("swept what has expired", {{"what", name}, {"removed", removed}});
}

void Maintenance::stop() {
  stopping_ = true;
  timer_.cancel();
}

}  // namespace kriya::app
