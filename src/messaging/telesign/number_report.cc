#include "messaging/telesign/number_report.h"

#include <algorithm>
#include <array>

#include "messaging/telesign/codes.h"

namespace kriya::messaging::telesign {
namespace {

constexpr std::int64_t kAddonAnswered = 2800;
constexpr std::chrono::hours kRecently{24 * 90};

struct PhoneType {
  std::int64_t code;
  std::string_view name;
  Recommendation recommendation;
  bool receives_sms;
};

// Telesign's reference, "Phone type codes".
constexpr auto kPhoneTypes = std::to_array<PhoneType>({
    {1, "fixed_line", Recommendation::allow, false},
    {2, "mobile", Recommendation::allow, true},
    {3, "prepaid", Recommendation::flag, true},
    {4, "toll_free", Recommendation::block, false},
    {5, "voip", Recommendation::block, false},
    {6, "pager", Recommendation::block, true},
    {7, "payphone", Recommendation::block, false},
    {8, "invalid", Recommendation::block, false},
    {9, "restricted", Recommendation::block, false},
    {10, "personal", Recommendation::allow, true},
    {11, "voicemail", Recommendation::block, false},
    {20, "other", Recommendation::block, false},
});

const PhoneType* phone_type(std::optional<std::int64_t> code) {
  const auto found = std::ranges::find_if(kPhoneTypes, [&](const PhoneType& type) { return type.code == code; });
  return found == kPhoneTypes.end() ? nullptr : &*found;
}

/// The worst that was found, with its reasons.
class Judgement {
 public:
  void add(Recommendation recommendation, std::string reason) {
    if (recommendation == Recommendation::allow) return;
    worst_ = std::max(worst_, recommendation);
    reasons_.push_back(std::move(reason));
  }
  void hand_over(NumberReport& report) && {
    report.recommendation = worst_;
    report.reasons = std::move(reasons_);
  }

 private:
  Recommendation worst_ = Recommendation::allow;
  std::vector<std::string> reasons_;
};

void judge_type(const Fields& answer, NumberReport& report, Judgement& judgement) {
  const PhoneType* type = phone_type(answer.object("phone_type").number("code"));
  report.phone_type = type == nullptr ? "unknown" : type->name;
  if (type == nullptr) return judgement.add(Recommendation::flag, "unknown_phone_type");
  report.can_receive_sms = type->receives_sms;
  judgement.add(type->recommendation, "phone_type_" + report.phone_type);
}

/// Code and flag contradict each other even in Telesign's own example: only when both say so is a number not blocked.
void judge_blocklist(const Fields& blocklisting, NumberReport& report, Judgement& judgement) {
  const auto code = blocklisting.number("block_code");
  const auto flag = blocklisting.boolean("blocked");
  if ((code && *code >= 1 && *code <= 3) || (flag == true && code != 0)) {
    report.blocked = true;
    judgement.add(Recommendation::block, "blocklisted");
  } else if (code == 0 && flag == false) {
    report.blocked = false;
  } else {
    judgement.add(Recommendation::flag, "blocklist_unknown");
  }
}

void judge_sim_swap(const Fields& addon, Judgement& judgement) {
  const auto risk = addon.number("risk_indicator");
  if (!risk || *risk < 1 || *risk > 4) return judgement.add(Recommendation::flag, "sim_swap_unknown");
  if (*risk >= 3) return judgement.add(Recommendation::block, "sim_swapped_recently");  // within 72 hours
  if (*risk == 2) judgement.add(Recommendation::flag, "sim_swapped");                   // within 14 days
}

void judge_deactivation(const Fields& addon, Judgement& judgement) {
  const std::string recycled = addon.text("recycled_since_last_verification");
  if (recycled == "recycled") return judgement.add(Recommendation::block, "number_recycled");
  if (recycled == "cannot_be_determined") judgement.add(Recommendation::flag, "number_deactivation_unknown");
}

/// A date that cannot be read, or lies ahead, counts as recent.
void judge_porting(const Fields& addon, Timestamp now, Judgement& judgement) {
  if (addon.number("number_of_portings").value_or(0) <= 0) return;
  const auto ported_at = parse_rfc3339(addon.text("port_date").substr(0, 10) + "T00:00:00Z");
  if (ported_at && *ported_at < now - kRecently) return;
  judgement.add(Recommendation::flag, "ported_recently");
}

void judge_addon(const std::string& name, const Fields& answer, Timestamp now, Judgement& judgement) {
  const Fields addon = answer.object(name);
  if (addon.object("status").number("code") != kAddonAnswered) {
    return judgement.add(Recommendation::flag, name + "_unknown");
  }
  if (name == "sim_swap") judge_sim_swap(addon, judgement);
  if (name == "number_deactivation") judge_deactivation(addon, judgement);
  if (name == "porting_history") judge_porting(addon, now, judgement);
}

}  // namespace

NumberReport number_report(const PhoneNumber& number, const Fields& answer, const std::vector<std::string>& asked,
                           Timestamp now) {
  NumberReport report;
  report.phone_number = number.str();
  report.provider = "telesign";
  report.country = answer.object("location").object("country").some_text("iso2");
  report.carrier = answer.object("carrier").some_text("name");
  report.provider_reference = answer.some_text("reference_id");
  Judgement judgement;
  judge_type(answer, report, judgement);
  judge_blocklist(answer.object("blocklisting"), report, judgement);
  if (answer.object("status").number("code") != kAnsweredInFull) judgement.add(Recommendation::flag, "partial_data");
  for (const std::string& addon : asked) judge_addon(addon, answer, now, judgement);
  std::move(judgement).hand_over(report);
  const auto keep = [&](std::string_view name) {
    if (const json::value* found = answer.find(name)) report.details.emplace(name, *found);
  };
  for (const std::string_view name : {"phone_type", "location", "carrier", "numbering", "blocklisting"}) keep(name);
  for (const std::string& addon : asked) keep(addon);
  return report;
}

}  // namespace kriya::messaging::telesign
