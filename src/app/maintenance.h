// What the server does by itself from time to time.
#pragma once

#include <chrono>

#include <boost/asio/steady_timer.hpp>

#include "base/time.h"
#include "identity/account_store.h"
#include "identity/session_store.h"
#include "runtime/task.h"
#include "telemetry/log.h"

namespace kriya::app {

/// Sweeps the audit trail of tokens, and sessions, that expired long ago, in small steps. Runs on the executor of
/// `timer`; ends when the timer is cancelled after `stop`.
class Maintenance {
 public:
  Maintenance(asio::io_context& context, identity::AccountStore& accounts, identity::SessionStore& sessions,
              const Clock& clock, const telemetry::Log& log);

  Task<void> run();
  void stop();

 private:
  enum class What { tokens, sessions };
  Task<void> sweep(What what);

  asio::steady_timer timer_;
  identity::AccountStore& accounts_;
  identity::SessionStore& sessions_;
  const Clock& clock_;
  const telemetry::Log& log_;
  bool stopping_ = false;
};

}  // namespace kriya::app
