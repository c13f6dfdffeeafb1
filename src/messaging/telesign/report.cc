#include "messaging/telesign/report.h"

#include "base/text.h"
#include "messaging/safe_words.h"
#include "messaging/telesign/codes.h"

namespace kriya::messaging::telesign {
namespace {

/// The states of the Verify API's processes.
std::optional<Meaning> meaning_of_state(std::string_view state) {
  if (state.empty()) return std::nullopt;
  if (equals_ignoring_case(state, "VERIFIED")) return Meaning{.status = Status::delivered};
  if (equals_ignoring_case(state, "CREATED") || equals_ignoring_case(state, "ONGOING")) {
    return Meaning{.status = Status::accepted};
  }
  for (const std::string_view over : {"REJECTED", "FAILED", "CANCELED", "CANCELLED"}) {
    if (equals_ignoring_case(state, over)) return Meaning{.status = Status::failed};
  }
  return Meaning{};
}

void read_cost(const Fields& fields, StatusReport& report) {
  if (const auto price = fields.some_text("price")) report.cost = price;
  if (const auto currency = fields.some_text("currency")) report.currency = currency;
  if (const auto parts = fields.number("message_parts_count"); parts && *parts > 0 && *parts <= 100) {
    report.segments = parts;
  }
}

}  // namespace

std::optional<StatusReport> report_of(const Fields& notice) {
  const Fields status = notice.object("status");
  const auto code = status.number("code");
  const std::string state = notice.text("state");
  StatusReport report;
  report.reference = notice.text("reference_id");
  report.message_id = Uuid::parse(notice.text("external_id"));
  if ((!code && state.empty()) || (report.reference.empty() && !report.message_id)) return std::nullopt;
  const auto by_code = code ? meaning_of(*code) : std::nullopt;
  const Meaning meaning = by_code ? *by_code : meaning_of_state(state).value_or(Meaning{});
  report.status = meaning.status;
  report.retryable = meaning.retryable || meaning.elsewhere;
  report.code = code ? std::to_string(*code) : safe_words(state);
  report.detail = safe_words(status.text("description"));
  report.at = status.text("updated_on");
  if (report.at.empty()) report.at = notice.text("updated_on");
  read_cost(notice, report);  // omnichannel's example has price and currency at the top
  read_cost(notice.object("additional_info"), report);
  return report;
}

}  // namespace kriya::messaging::telesign
