#include "verification/send_gate.h"

#include "crypto/random.h"
#include "http/client_address.h"

namespace kriya::verification {
namespace {

constexpr std::chrono::minutes kPumpingPause{15};
constexpr std::chrono::seconds kWaitForRisk{3};

SecurityEvent event_of(const SendGate::Request& request, std::string kind, bool allowed) {
  return {.kind = std::move(kind),
          .decision = allowed ? "allowed" : "denied",
          .phone_hash = request.phone_hash,
          .phone_masked = request.number.masked(),
          .user_id = request.user_id,
          .client_address = request.client_address,
          .detail = {}};
}

/// A server with a key may not tell the person's (verification_endpoints.cc).
std::string known_address(const std::string& address) { return http::is_address(address) ? address : std::string(); }

}  // namespace

Task<Result<SendGate::Pass>> SendGate::admit(Request request, Deadline deadline) {
  const Reservation reservation{.id = crypto::new_uuid(request.at),
                                .phone_hash = request.phone_hash,
                                .address = http::address_owner(request.client_address),
                                .country = request.country,
                                .challenge = request.challenge,
                                .at = request.at};
  auto outcome = co_await sends_.reserve(reservation, deadline);
  if (!outcome) co_return fail(outcome.error());
  if (const auto* refused = std::get_if<SendRefusal>(&*outcome)) co_return fail(as_error(*refused, request.at));
  const Timestamp resend_at = next_send_at(rules_.limits, std::get<std::vector<Timestamp>>(*outcome), request.at);

  if (rules_.pumping_guard != PumpingGuard::off) {
    if (auto judged = co_await judge_pumping(request, reservation, deadline); !judged) co_return fail(judged.error());
  }
  if (risk_ != nullptr) {
    // A number that is blocked keeps its reservation: asking for scores costs money, too.
    if (auto judged = co_await judge_risk(request, deadline); !judged) co_return fail(judged.error());
  }
  co_return Pass{reservation, resend_at};
}

Task<Result<void>> SendGate::judge_pumping(Request request, Reservation reservation, Deadline deadline) {
  const auto view = co_await sends_.pumping_view(reservation, deadline);
  if (!view) co_return fail(view.error());
  const auto warnings = overdrawn(*view, request.at);
  if (warnings.empty()) co_return Result<void>();

  const bool denied = rules_.pumping_guard == PumpingGuard::deny;
  SecurityEvent event = event_of(request, "pumping_warning", !denied);
  event.detail["country"] = request.country;
  event.detail["overdrawn"] = json::array(warnings.begin(), warnings.end());
  const auto recorded = co_await events_.record(std::move(event), deadline);
  if (!denied) co_return recorded;
  if (auto returned = co_await sends_.give_back(reservation, request.at, deadline); !returned) {
    co_return fail(returned.error());
  }
  Error refused{Errc::too_many_requests, "Too many codes were asked for that nobody used; try again later."};
  refused.retry_after = kPumpingPause;
  co_return fail(std::move(refused));
}

Task<Result<void>> SendGate::judge_risk(Request request, Deadline deadline) {
  const auto report =
      co_await risk_->assess({request.number, request.risk_event, known_address(request.client_address), {}, {}},
                             deadline.within(kWaitForRisk));
  using messaging::Recommendation;
  const bool blocked = report ? report->recommendation == Recommendation::block : !rules_.risk_fails_open;
  if (report && report->recommendation == Recommendation::allow) co_return Result<void>();

  SecurityEvent event = event_of(request, !report ? "risk_unknown" : blocked ? "risk_block" : "risk_flag", !blocked);
  if (report) {
    event.detail["provider"] = report->provider;
    event.detail["score"] = report->score;
    event.detail["level"] = report->level;
  }
  if (auto recorded = co_await events_.record(std::move(event), deadline); !recorded) co_return recorded;
  if (!blocked) co_return Result<void>();
  if (!report) co_return fail(Errc::unavailable, "The number cannot be checked at the moment; try again later.");
  co_return fail(Errc::forbidden, "No code is sent to this number.");
}

Task<Result<void>> SendGate::give_back(Reservation reservation, Timestamp now, Deadline deadline) {
  co_return co_await sends_.give_back(std::move(reservation), now, deadline);
}

Task<Result<std::int64_t>> SendGate::sweep(Timestamp old, std::int64_t limit, Deadline deadline) {
  co_return co_await sends_.sweep(old, limit, deadline);
}

}  // namespace kriya::verification
