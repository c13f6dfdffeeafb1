// The list of parts of the whole server, and its life from start to exit.
#pragma once

#include <functional>
#include <memory>

#include "base/error.h"
#include "config/settings.h"

namespace kriya::app {

/// Built once, in order; every part gets what it needs in its constructor.
class Application {
 public:
  /// Opens the log and the store, applies migrations where that is allowed, loads keys, binds the port.
  /// Errors: with words for an operator; nothing keeps running.
  static Result<std::unique_ptr<Application>> build(const config::Settings& settings);
  ~Application();

  /// "http://localhost:8001": where this instance is reached.
  std::string public_url() const;

  /// "127.0.0.1 port 8001": where it listens, which may be behind a proxy.
  std::string listen_address() const;

  /// Serves until SIGTERM or SIGINT, then finishes what is in flight. SIGHUP reopens the log files. A second SIGTERM
  /// ends the process at once. Calls `on_ready` when requests are answered. Returns the exit code.
  int run(const std::function<void()>& on_ready);

 private:
  struct Parts;
  explicit Application(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace kriya::app
