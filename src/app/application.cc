#include "app/application.h"

#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/signal_set.hpp>
#include <sys/resource.h>

#include "access/rate_limits.h"
#include "app/agent_services.h"
#include "app/browsers.h"
#include "app/clients.h"
#include "app/ephemeral.h"
#include "app/heartbeat.h"
#include "app/keys.h"
#include "app/maintenance.h"
#include "app/mcp_services.h"
#include "app/messaging_services.h"
#include "app/phone_services.h"
#include "app/routes.h"
#include "app/sign_in.h"
#include "app/store.h"
#include "app/tool_logging.h"
#include "app/tool_services.h"
#include "base/version.h"
#include "crypto/random.h"
#include "http/client/curl.h"
#include "http/dispatcher.h"
#include "http/server/server.h"
#include "messaging/delivery.h"
#include "messaging/receipt_store.h"
#include "runtime/io_threads.h"

namespace kriya::app {
namespace {

constexpr unsigned kWorkerThreads = 2;
constexpr std::size_t kMaxQueuedWork = 256;
constexpr std::chrono::hours kKeepExpired{24 * 30};  // long enough to look into an incident afterwards
constexpr std::chrono::seconds kGoodbye{1};  // to take this instance off the list; a stuck database is not waited for

telemetry::Log::Options log_options(const config::Settings& settings) {
  using config::LogFormat;
  using config::LogLevel;
  using telemetry::Level;
  const bool terminal = settings.log_file.empty() && ::isatty(STDERR_FILENO) != 0;
  const auto level = [&] {
    if (settings.debug) return Level::debug;
    switch (settings.log_level) {
      case LogLevel::trace:
      case LogLevel::debug:
        return Level::debug;
      case LogLevel::info:
        return Level::info;
      case LogLevel::warn:
        return Level::warning;
      case LogLevel::error:
        return Level::error;
    }
    return Level::info;
  }();
  const bool json =
      settings.log_format == LogFormat::json || (settings.log_format == LogFormat::automatic && !terminal);
  return {.level = level, .json = json, .file = settings.log_file};
}

/// Every connection is a file descriptor: take as many as the system lets us have.
void raise_file_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
}

/// A vanished client and a file that may not grow are errors to report, not reasons to die.
void ignore_deadly_signals() {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
}

std::function<bool(const std::string&)> trusted_proxy_test(const config::Settings& settings) {
  return [proxies = settings.trusted_proxies](const std::string& address) {
    return std::ranges::any_of(proxies, [&](const config::Cidr& range) { return range.contains(address); });
  };
}

/// The store lives as long as its work.
Task<Result<std::int64_t>> sweep_receipts(storage::Database* database, Timestamp before, std::int64_t limit,
                                          Deadline deadline) {
  messaging::ReceiptStore store(*database);
  co_return co_await store.sweep(before, limit, deadline);
}

Task<Result<std::int64_t>> sweep_sessions(mcp::Endpoint& endpoint, std::int64_t limit) {
  co_return static_cast<std::int64_t>(endpoint.sweep(static_cast<std::size_t>(limit)));
}

}  // namespace

/// Everything in the order in which it is built; destroyed the other way round.
struct Application::Parts {
  Parts(const config::Settings& given, std::unique_ptr<telemetry::Log> logger)
      : settings(given), log(std::move(logger)), threads(given.workers), workers(kWorkerThreads, kMaxQueuedWork) {}

  Result<void> assemble();
  std::vector<Sweep> sweeps();

  config::Settings settings;
  SystemClock clock;
  std::unique_ptr<telemetry::Log> log;
  telemetry::Metrics metrics;
  asio::io_context main{1};  // signals, and what the server does by itself; run by the thread that calls run()
  IoThreads threads;         // these outlive all that answers to them
  WorkerPool workers;
  std::unique_ptr<storage::Database> database;
  std::unique_ptr<storage::ephemeral::Ephemeral> ephemeral;
  std::unique_ptr<http::server::Server> server;
  std::string public_url;

  std::unique_ptr<PhoneServices> phone;
  std::optional<SignIn> sign_in;
  std::optional<Clients> clients;
  std::optional<identity::BrowserSignIn> browsers;
  std::optional<MessagingServices> messages;
  std::unique_ptr<ToolLogging> tool_logging;
  std::optional<ToolServices> tools;
  std::optional<McpServices> mcp;
  std::unique_ptr<http::client::Curl> model_client;
  std::optional<AgentServices> agent;
  http::Router router;
  std::optional<access::RateLimits> rate_limits;  // none while RATE_LIMITS=off
  std::optional<http::Dispatcher> dispatcher;
};

Result<void> Application::Parts::assemble() {
  // The port comes first: a second kriya on it is refused before it touches the first one's data.
  auto bound = http::server::Server::bind({.host = settings.host,
                                           .port = settings.port,
                                           .max_connections = settings.max_connections,
                                           .max_connections_per_address = settings.max_connections_per_address,
                                           .exempt_from_address_limit = trusted_proxy_test(settings),
                                           .strict_transport_security = settings.public_url.starts_with("https://")},
                                          threads, *log, metrics);
  if (!bound) return fail(bound.error());
  server = *std::move(bound);
  public_url = app::public_url(settings, server->port());

  if (auto prepared = prepare_schema(settings, *log); !prepared) return prepared;
  auto opened = open_database(settings, &threads, *log, metrics, workers);
  if (!opened) return fail(opened.error());
  database = *std::move(opened);
  ephemeral = open_ephemeral(settings, threads, clock, *log, metrics);
  auto loaded = run_to_completion(load_keys(settings, *database));
  if (!loaded) return fail(loaded.error());
  auto services = PhoneServices::open(settings, public_url, *database, clock, *log, metrics);
  if (!services) return fail(services.error());
  phone = *std::move(services);
  for (const std::string& warning : phone->texts().warnings()) {
    log->warning("a message with a code is long", {{"detail", std::string_view(warning)}});
  }
  sign_in.emplace(settings, public_url, *std::move(loaded), *database, phone->verification(), phone->outbox(),
                  phone->texts(), phone->outbox().store(), clock, *log, metrics);
  clients.emplace(settings, public_url, *sign_in, *database, clock, metrics);
  browsers.emplace(browser_sign_in(settings, public_url, server->port(), *sign_in, *clients, clock));
  messages.emplace(settings, *phone, *database, clock, *log, metrics);
  auto logging = ToolLogging::open(settings, main, *database, *log, metrics);
  if (!logging) return fail(logging.error());
  tool_logging = *std::move(logging);
  tools.emplace(settings, *sign_in, *phone, *messages, tool_logging->log(), tool_logging->redaction(), clock, *log,
                metrics);
  mcp.emplace(settings, public_url, server->port(), tools->runner, clients->principals, clock, *log);
  model_client =
      std::make_unique<http::client::Curl>(http::client::Curl::Options{.user_agent = "kriya/" + std::string(kVersion)});
  agent.emplace(settings, tools->runner, *database, *ephemeral, sign_in->sessions, *model_client, clock, *log, metrics,
                [this](const tools::ToolCall& call, const tools::CallContext& context, tools::Refusal refusal) {
                  tools->runner.refuse(call, context, std::move(refusal));
                });
  add_routes(router, {.settings = settings,
                      .sign_in = *sign_in,
                      .clients = *clients,
                      .browsers = *browsers,
                      .phone = *phone,
                      .messages = *messages,
                      .tool_calls = tool_logging->history(),
                      .mcp = *mcp,
                      .agent = *agent,
                      .database = *database,
                      .metrics = metrics});
  if (settings.rate_limits) {
    rate_limits.emplace(router, *ephemeral, clock, *log, metrics, tools->runner.limits());
    tools->runner.limit_by(*rate_limits);
  }
  dispatcher.emplace(http::Dispatcher::Options{.is_trusted_proxy = trusted_proxy_test(settings),
                                               .allowed_origins = settings.allowed_origins,
                                               .show_error_details = settings.debug && !settings.in_production()},
                     router, rate_limits ? &*rate_limits : nullptr, *log, metrics);
  return {};
}

std::vector<Sweep> Application::Parts::sweeps() {
  return {{"expired tokens of the audit trail",
           [this](std::int64_t limit, Deadline deadline) {
             return sign_in->accounts.sweep_tokens(clock.now() - kKeepExpired, limit, deadline);
           }},
          {"ended sessions",
           [this](std::int64_t limit, Deadline deadline) {
             return sign_in->sessions.sweep(clock.now() - kKeepExpired, limit, deadline);
           }},
          {"ended verifications, old sends and events",
           [this](std::int64_t limit, Deadline deadline) { return phone->verification().sweep(limit, deadline); }},
          {"old receipts",
           [this](std::int64_t limit, Deadline deadline) {
             return sweep_receipts(database.get(), clock.now() - kKeepExpired, limit, deadline);
           }},
          {"idle MCP sessions", [this](std::int64_t limit, Deadline) { return sweep_sessions(mcp->endpoint, limit); }}};
}

Application::Application(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

/// Also when `run` was left by an exception: nothing may be destroyed while threads are at it.
Application::~Application() { parts_->threads.stop(); }

Result<std::unique_ptr<Application>> Application::build(const config::Settings& settings) {
  ignore_deadly_signals();
  raise_file_limit();
  std::unique_ptr<telemetry::Log> log;
  try {
    log = std::make_unique<telemetry::Log>(log_options(settings));
  } catch (const std::runtime_error& error) {
    return fail(Errc::unavailable, std::string("LOG_FILE: ") + error.what() + ".");
  }
  auto parts = std::make_unique<Parts>(settings, std::move(log));
  if (auto assembled = parts->assemble(); !assembled) return fail(assembled.error());
  return std::unique_ptr<Application>(new Application(std::move(parts)));
}

std::string Application::public_url() const { return parts_->public_url; }

std::string Application::listen_address() const {
  return parts_->settings.host + " port " + std::to_string(parts_->server->port());
}

int Application::run(const std::function<void()>& on_ready) {
  asio::io_context& main = parts_->main;
  asio::signal_set stop_signals(main, SIGTERM, SIGINT);
  asio::signal_set reopen_signals(main, SIGHUP);
  Maintenance maintenance(main, parts_->sweeps(), *parts_->log);
  messaging::Delivery delivery(main, parts_->phone->outbox(), parts_->clock, parts_->metrics);
  Heartbeat heartbeat(main,
                      {.id = crypto::new_uuid(parts_->clock.now()),
                       .name = instance_name(parts_->server->port()),
                       .version = kVersion,
                       .shared_store = shared_store_name(parts_->settings),
                       .started_at = parts_->clock.now(),
                       .seen_at = {}},
                      *parts_->database, parts_->clock, *parts_->log, parts_->metrics);

  const std::function<void()> await_hangup = [&] {
    reopen_signals.async_wait([&](boost::system::error_code ec, int) {
      if (ec) return;
      parts_->tool_logging->reopen();
      try {
        parts_->log->reopen();
        if (!parts_->settings.log_file.empty()) parts_->log->info("log file reopened");
      } catch (const std::runtime_error& error) {
        parts_->log->error("the log file stays as it was", {{"cause", std::string_view(error.what())}});
      }
      await_hangup();
    });
  };
  await_hangup();
  stop_signals.async_wait([&](boost::system::error_code, int) {
    stop_signals.clear();  // from now on a second signal kills
    reopen_signals.cancel();
    maintenance.stop();
    delivery.stop();
    parts_->tool_logging->stop();
    heartbeat.stop();
    main.stop();
  });

  parts_->server->start(*parts_->dispatcher);
  parts_->threads.start();
  parts_->log->info("started", {{"version", kVersion},
                                {"url", parts_->public_url},
                                {"listening", listen_address()},
                                {"threads", std::int64_t{parts_->threads.count()}}});
  on_ready();
  const auto rethrow = [](std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
  };
  asio::co_spawn(main.get_executor(), maintenance.run(), rethrow);
  bool delivering = true;
  asio::co_spawn(main.get_executor(), delivery.run(), [&](std::exception_ptr failure) {
    delivering = false;
    rethrow(failure);
  });
  asio::co_spawn(main.get_executor(), heartbeat.run(), rethrow);
  bool storing = false;
  const auto store_tool_calls = [&] {
    storing = true;
    asio::co_spawn(main.get_executor(), parts_->tool_logging->run(), [&](std::exception_ptr failure) {
      storing = false;
      rethrow(failure);
    });
  };
  store_tool_calls();
  main.run();

  parts_->log->info("stopping");
  main.restart();
  main.run_for(kGoodbye);
  // What was being handed to a provider gets its answer, if that comes in time.
  const auto patience = Deadline::after(parts_->settings.shutdown_timeout);
  while (delivering && !patience.passed()) main.run_one_for(std::chrono::milliseconds(100));
  // Streams that wait for news end now; a chat gets most of the time, and the rest to say that it was stopped.
  const bool mcp_at_rest = parts_->mcp->endpoint.stop(parts_->settings.shutdown_timeout);
  std::jthread chat_stopper([&](const std::stop_token& in_time) {
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable_any().wait_for(lock, in_time, parts_->settings.shutdown_timeout * 2 / 3,
                                           [] { return false; });
    parts_->agent->turns.stop_all();
  });
  using Stopped = http::server::Server::Stopped;
  const Stopped stopped = parts_->server->stop(parts_->settings.shutdown_timeout);
  chat_stopper.request_stop();
  chat_stopper.join();
  // A call may go on without its connection: it is waited for, so that it is written down.
  const auto at_rest = [&] { return parts_->agent->turns.count() == 0 && parts_->tools->runner.under_way() == 0; };
  const auto calls_patience = Deadline::after(parts_->settings.shutdown_timeout);
  while (!at_rest() && !calls_patience.passed()) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  const bool calls_at_rest = at_rest();
  if (!calls_at_rest) parts_->log->error("tool calls did not end in time; what they did is not in their log");
  if (stopped == Stopped::in_order) {
    parts_->log->info("stopped");
  } else {
    parts_->log->warning("stopped; some requests did not finish in time and were cut");
  }
  // Calls were written down until now. What the database does not take of them the next start brings in.
  main.restart();
  if (!storing) store_tool_calls();
  const auto storing_patience = Deadline::after(kGoodbye);
  while (storing && !storing_patience.passed()) main.run_one_for(std::chrono::milliseconds(100));
  // With a handler still at work nothing may be destroyed under it; what was acknowledged is on disk already.
  if (stopped == Stopped::busy || !mcp_at_rest || !calls_at_rest) std::_Exit(0);
  parts_->threads.stop();
  return 0;
}

}  // namespace kriya::app
