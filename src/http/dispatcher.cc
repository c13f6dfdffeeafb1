#include "http/dispatcher.h"

#include <exception>

#include "base/encoding.h"
#include "crypto/random.h"
#include "http/client_address.h"
#include "http/problem.h"

namespace kriya::http {
namespace {

constexpr std::size_t kMaxUserAgent = 256;

/// A client's own request id is kept when it is safe to print anywhere (so that one id follows a request through
/// proxies and logs); else a new one is made.
std::string request_id(const Request& request) {
  const auto offered = request.header("X-Request-Id");
  const auto safe = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  };
  if (offered && !offered->empty() && offered->size() <= 128 && std::ranges::all_of(*offered, safe)) {
    return std::string(*offered);
  }
  return crypto::new_uuid(SystemClock{}.now()).str();
}

std::string printable(std::string_view text) {
  std::string clean(text.substr(0, kMaxUserAgent));
  for (char& c : clean) {
    if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f) c = '?';
  }
  return clean;
}

/// Headers that decide who the caller is or what the body means must be there once at most: two readers could
/// otherwise pick different ones.
Result<void> check_headers(const Request& request) {
  for (const std::string_view name : {"Authorization", "X-API-Key", "Content-Type", "Origin"}) {
    if (request.count(name) > 1) {
      return fail(Errc::bad_request, "The header " + std::string(name) + " is given more than once.");
    }
  }
  return {};
}

/// A page of a foreign name that resolves to this address (DNS rebinding) shows that name as its Host.
bool names_this_machine(std::string_view host) {
  const std::size_t port = host.rfind(':');
  if (port != std::string_view::npos && host.find(']', port) == std::string_view::npos) host = host.substr(0, port);
  return host == "localhost" || host == "127.0.0.1" || host == "[::1]";
}

Result<void> check_access(const Route& route, const Request& request, Caller& caller) {
  for (const AccessRule& rule : route.access) {
    if (auto allowed = rule.check(request, caller); !allowed) return allowed;
  }
  return {};
}

}  // namespace

Dispatcher::Dispatcher(Options options, const Router& router, RateLimiter* limiter, const telemetry::Log& log,
                       telemetry::Metrics& metrics)
    : options_(std::move(options)),
      router_(router),
      limiter_(limiter),
      log_(log),
      metrics_(metrics),
      cors_(options_.allowed_origins) {
  const auto add = [&](const Route* route, std::string method, std::string path) {
    auto& seconds = metrics.histogram("kriya_http_request_seconds", "From the parsed request to its answer.",
                                      {{"method", method}, {"route", path}});
    auto entry = std::make_unique<RouteMetrics>();
    entry->method = std::move(method);
    entry->route = std::move(path);
    entry->seconds = &seconds;
    route_metrics_.emplace(route, std::move(entry));
  };
  for (const auto& route : router.routes()) add(route.get(), std::string(name(route->method)), route->path);
  add(nullptr, "", "(none)");
}

Task<Response> Dispatcher::handle(const Request& request, const std::string& peer, Connection& connection) {
  const auto start = Steady::now();
  Caller caller = make_caller(request, peer);
  caller.connection = &connection;
  Progress progress;
  Response response;
  try {
    response = co_await answer(request, caller, progress);
  } catch (const std::exception& bug) {
    log_.error("a handler threw", {{"request_id", caller.request_id}, {"what", std::string_view(bug.what())}});
    const std::string detail = options_.show_error_details ? bug.what() : "Something went wrong on our side.";
    response = problem_response({Errc::internal, detail}, caller.request_id);
  }
  progress.limits.write_to(response);
  finish(request, caller, progress.route, start, response);
  co_return response;
}

Response Dispatcher::refuse(const Error& error, const Request& request, const std::string& peer) {
  const Caller caller = make_caller(request, peer);
  Response response = problem_response(error, caller.request_id);
  response.close = true;
  finish(request, caller, nullptr, Steady::now(), response);
  return response;
}

Caller Dispatcher::make_caller(const Request& request, const std::string& peer) const {
  Caller caller{.address = peer,
                .user_agent = printable(request.header("User-Agent").value_or("")),
                .request_id = request_id(request),
                .deadline = Deadline::after(options_.request_deadline),
                .bearer = {},
                .accept_language = printable(request.header("Accept-Language").value_or(""))};
  const bool forwarded = request.count("X-Forwarded-For") > 0;
  if (forwarded) {
    caller.address = client_address(peer, request.joined_header("X-Forwarded-For"), options_.is_trusted_proxy);
  }
  const bool local = peer == "::1" || peer.starts_with("127.");
  caller.loopback = local && !forwarded && request.count("Forwarded") == 0;
  caller.local = caller.loopback && names_this_machine(request.header("Host").value_or(""));
  return caller;
}

Task<Response> Dispatcher::answer(const Request& request, Caller& caller, Progress& progress) {
  if (auto good = check_headers(request); !good) co_return problem_response(good.error(), caller.request_id);
  Router::Match match = router_.find(request.method(), request.path());
  if (match.route == nullptr) co_return answer_without_route(request, caller, match.allow);
  progress.route = match.route;
  caller.path_parameters = std::move(match.parameters);
  Result<void> admitted;
  if (limiter_ != nullptr && !match.route->limits.empty()) {
    admitted = co_await admit(request, caller, progress);
  } else {
    admitted = check_access(*match.route, request, caller);
  }
  for (const AccessRule& rule : match.route->access) {
    if (admitted && rule.confirm) admitted = co_await rule.confirm(caller);
  }
  if (admitted && limiter_ != nullptr && caller.principal) {
    admitted = co_await take_limits(Phase::principal_known, caller, progress);
  }
  if (!admitted) co_return problem_response(admitted.error(), caller.request_id);
  co_return co_await match.route->run(request, caller);
}

Task<Result<void>> Dispatcher::admit(const Request& request, Caller& caller, Progress& progress) {
  auto within = co_await take_limits(Phase::before_access, caller, progress);
  if (!within) co_return within;
  const auto allowed = check_access(*progress.route, request, caller);
  within = co_await take_limits(Phase::access_known, caller, progress);
  if (!within) co_return within;
  if (!allowed) co_return allowed;
  co_return co_await take_limits(Phase::access_granted, caller, progress);
}

Dispatcher::Phase Dispatcher::phase_of(RateLimit::Scope scope) {
  switch (scope) {
    case RateLimit::Scope::address:
      return Phase::before_access;
    case RateLimit::Scope::stranger:
      return Phase::access_known;
    case RateLimit::Scope::api_key:
    case RateLimit::Scope::user:
      return Phase::access_granted;
    case RateLimit::Scope::principal:
      return Phase::principal_known;
  }
  return Phase::before_access;
}

Task<Result<void>> Dispatcher::take_limits(Phase phase, const Caller& caller, Progress& progress) {
  for (const RateLimit& limit : progress.route->limits) {
    if (phase_of(limit.scope) != phase) continue;
    auto subject = subject_of(limit, caller);
    if (!subject) continue;
    const auto verdict = co_await limiter_->take(limit, *std::move(subject), caller.deadline);
    if (!verdict) co_return fail(verdict.error());
    progress.limits.add(limit, *verdict);
    if (!verdict->allowed) co_return fail(refusal(limit, *verdict));
  }
  co_return Result<void>();
}

Response Dispatcher::answer_without_route(const Request& request, const Caller& caller,
                                          const std::string& allow) const {
  if (request.method() == Method::options && request.target() == "*") {  // about the server as a whole
    return {.status = 204, .content_type = {}};
  }
  if (allow.empty()) {
    return problem_response({Errc::not_found, "There is nothing at this path; /docs lists what there is."},
                            caller.request_id);
  }
  if (request.method() == Method::options) {
    Response response{.status = 204, .content_type = {}};
    response.add_header("Allow", allow);
    if (Cors::is_preflight(request)) cors_.decorate_preflight(request, allow, response);
    return response;
  }
  Response response = problem_response({Errc::method_not_allowed, "This path takes " + allow + "."}, caller.request_id);
  response.add_header("Allow", allow);
  return response;
}

void Dispatcher::finish(const Request& request, const Caller& caller, const Route* route, Steady::time_point start,
                        Response& response) {
  cors_.decorate(request, response);
  response.add_header("X-Request-Id", caller.request_id);
  const double seconds = std::chrono::duration<double>(Steady::now() - start).count();
  RouteMetrics& metrics = *route_metrics_.at(route);
  count(metrics, response.status, seconds);
  log_.info("request", {{"method", name(request.method())},
                        {"route", metrics.route},
                        {"status", std::int64_t{response.status}},
                        {"duration_ms", seconds * 1e3},
                        {"client", caller.address},
                        {"request_id", caller.request_id}});
}

void Dispatcher::count(RouteMetrics& metrics, int status, double seconds) {
  metrics.seconds->observe(seconds);
  auto& slot = metrics.by_status[static_cast<std::size_t>(status - 100)];
  telemetry::Counter* counter = slot.load(std::memory_order_acquire);
  if (counter == nullptr) {
    counter =
        &metrics_.counter("kriya_http_requests_total", "Requests by route and status.",
                          {{"method", metrics.method}, {"route", metrics.route}, {"status", std::to_string(status)}});
    slot.store(counter, std::memory_order_release);
  }
  counter->add();
}

}  // namespace kriya::http
