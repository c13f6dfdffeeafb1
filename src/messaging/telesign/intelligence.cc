#include "messaging/telesign/intelligence.h"

#include <algorithm>

#include "base/text.h"
#include "messaging/telesign/codes.h"
#include "messaging/telesign/number_report.h"

namespace kriya::messaging::telesign {
namespace {

constexpr std::int64_t kAnsweredInPart = 301;
constexpr std::int64_t kHighestScore = 1000;

constexpr std::string_view kAddons[] = {
    "contact",  "number_deactivation",    "porting_status",     "porting_history",      "subscriber_status",
    "sim_swap", "call_forward_detection", "active_call_status", "breached_number_check"};

constexpr std::string_view kEvents[] = {"create", "sign-in", "transact", "update", "delete"};

bool has_answer(const Answer& answer) {
  return answer.http_status >= 200 && answer.http_status < 300 &&
         (answer.code == kAnsweredInFull || answer.code == kAnsweredInPart);
}

/// 800: answered, 801: partly. 0 in a list stands for "none".
std::vector<std::int64_t> reason_codes(const Fields& insights) {
  std::vector<std::int64_t> codes;
  for (const std::string_view kind : {"category", "a2p", "p2p", "number_type", "ip", "email"}) {
    const json::array* list = insights.array(kind);
    if (list == nullptr) continue;
    for (const json::value& item : *list) {
      const auto code = number_of(item);
      if (code && *code != 0 && std::ranges::find(codes, *code) == codes.end()) codes.push_back(*code);
    }
  }
  return codes;
}

Recommendation recommendation(std::int64_t score, bool complete, const RiskThresholds& thresholds) {
  if (score >= thresholds.block) return Recommendation::block;
  return score >= thresholds.flag || !complete ? Recommendation::flag : Recommendation::allow;
}

}  // namespace

Task<Result<NumberReport>> TelesignLookup::look_up(PhoneNumber number, std::vector<std::string> addons,
                                                   Deadline deadline) {
  std::ranges::sort(addons);
  addons.erase(std::unique(addons.begin(), addons.end()), addons.end());
  json::object asked;
  for (const std::string& addon : addons) {
    if (!is_one_of(addon, kAddons)) {
      std::string known;
      for (const std::string_view name : kAddons) known += (known.empty() ? "" : ", ") + std::string(name);
      schema::FieldErrors errors;
      errors.inside("addons", [&] { errors.add("must hold only " + known + "; '" + addon + "' is none of these"); });
      co_return fail(std::move(errors).as_error());
    }
    asked[addon] = json::object{};
  }
  // The number in the body, not in the path: paths are logged on the way.
  json::object body{{"phone_number", number.digits()}};
  if (!asked.empty()) body["addons"] = std::move(asked);
  const Reply reply = co_await api_.post(Product::phone_id, "/v1/phoneid", std::move(body), deadline);
  if (!reply) co_return fail(error_of(reply.error()));
  if (!has_answer(*reply)) co_return fail(error_of(*reply));
  co_return number_report(number, reply->fields(), addons, clock_.now());
}

Task<Result<RiskReport>> TelesignRisk::assess(RiskQuestion question, Deadline deadline) {
  if (!is_one_of(question.event, kEvents)) {
    co_return fail(Errc::bad_request, "The event must be one of create, sign-in, transact, update, delete.");
  }
  Form form{{"phone_number", std::string(question.number.digits())}, {"account_lifecycle_event", question.event}};
  if (question.account_id) form.emplace_back("account_id", *question.account_id);
  if (question.email) form.emplace_back("email_address", *question.email);
  if (!question.client_address.empty()) form.emplace_back("originating_ip", question.client_address);
  const Reply reply = co_await api_.post(Product::intelligence, "/intelligence/phone", std::move(form), deadline);
  if (!reply) co_return fail(error_of(reply.error()));
  if (!has_answer(*reply)) co_return fail(error_of(*reply));
  const Fields answer = reply->fields();
  const Fields risk = answer.object("risk");
  const auto score = risk.number("score");
  if (!score || *score < 0 || *score > kHighestScore) {
    co_return fail(Errc::unavailable, "The provider gave no score.");
  }
  RiskReport report;
  report.phone_number = question.number.str();
  report.provider = "telesign";
  report.score = *score;
  report.level = risk.text("level");
  report.recommendation = recommendation(*score, reply->code == kAnsweredInFull, thresholds_);
  report.reason_codes = reason_codes(answer.object("risk_insights"));
  report.provider_reference = answer.some_text("reference_id");
  co_return report;
}

}  // namespace kriya::messaging::telesign
