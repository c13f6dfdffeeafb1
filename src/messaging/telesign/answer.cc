#include "messaging/telesign/answer.h"

#include <charconv>

#include "messaging/safe_words.h"
#include "messaging/telesign/codes.h"

namespace kriya::messaging::telesign {
namespace {

constexpr std::chrono::seconds kLongestRetryAfter{3600};

/// Seconds of a Retry-After header; Telesign documents none, but something on the way may send one.
std::chrono::milliseconds retry_after_of(const http::client::Response& response) {
  const auto header = response.header("Retry-After");
  if (!header) return {};
  unsigned seconds = 0;
  const auto [end, error] = std::from_chars(header->data(), header->data() + header->size(), seconds);
  if (error != std::errc() || end != header->data() + header->size()) return {};
  return std::min(kLongestRetryAfter, std::chrono::seconds(seconds));
}

/// The first error of the list. SMS Verify says "500" or "501" as its status, and there what is the matter.
Fields listed_error(const Fields& fields) {
  const json::array* errors = fields.array("errors");
  if (errors == nullptr || errors->empty()) return {};
  return Fields(&errors->front());
}

SendOutcome of_kind(SendOutcome::Kind kind, Status status) {
  SendOutcome outcome;
  outcome.kind = kind;
  outcome.status = status;
  return outcome;
}

SendOutcome rejected(const Answer& answer, bool retryable, bool provider_down) {
  SendOutcome outcome = of_kind(SendOutcome::Kind::rejected, Status::failed);
  outcome.retryable = retryable;
  outcome.provider_down = provider_down;
  outcome.retry_after = answer.retry_after;
  return outcome;
}

/// By the code where it is known.
SendOutcome by_meaning(const Answer& answer, const Meaning& meaning) {
  if (meaning.status == Status::failed) return rejected(answer, meaning.retryable, meaning.provider_down);
  // It claims to be on its way, but bears no reference: nobody could tell what became of it.
  if (answer.reference.empty()) return of_kind(SendOutcome::Kind::ambiguous, Status::unknown);
  return of_kind(SendOutcome::Kind::accepted, meaning.status == Status::unknown ? Status::accepted : meaning.status);
}

SendOutcome by_http_status(const Answer& answer) {
  const int status = answer.http_status;
  if (status == 429) return rejected(answer, true, false);
  if (status >= 200 && status < 300 && !answer.reference.empty()) {
    return of_kind(SendOutcome::Kind::accepted, Status::accepted);
  }
  // A 5xx may come from something in between, after the request had gone through; so may an unreadable success.
  if (status >= 500 || status < 300 || status == 408) {
    SendOutcome outcome = of_kind(SendOutcome::Kind::ambiguous, Status::unknown);
    outcome.provider_down = status >= 500;
    return outcome;
  }
  return rejected(answer, false, status == 401 || status == 403);
}

SendOutcome not_answered(const NoAnswer& none) {
  const bool lost = none.why == NoAnswer::Why::lost;
  SendOutcome outcome = lost ? of_kind(SendOutcome::Kind::ambiguous, Status::unknown)
                             : of_kind(SendOutcome::Kind::rejected, Status::failed);
  outcome.detail = none.detail;
  outcome.retryable = !lost;
  outcome.provider_down = none.why != NoAnswer::Why::held_back;
  outcome.asked = none.why != NoAnswer::Why::held_back;
  outcome.over_rate = none.why == NoAnswer::Why::held_back;
  outcome.retry_after = none.retry_after;
  return outcome;
}

}  // namespace

Answer read_answer(const http::client::Response& response) {
  Answer answer;
  answer.http_status = response.status;
  answer.retry_after = retry_after_of(response);
  auto document = parse_json(response.body);
  if (!document || !document->is_object()) return answer;
  answer.document = *std::move(document);
  const Fields fields = answer.fields();
  const Fields status = fields.object("status");
  const Fields error = listed_error(fields);
  answer.reference = fields.text("reference_id");
  const auto error_code = error.number("code");
  const bool error_counts = error_code && (meaning_of(*error_code) || !status.number("code"));
  answer.code = error_counts ? error_code : status.number("code");
  answer.words = safe_words((error_counts ? error : status).text("description"));
  return answer;
}

SendOutcome outcome_of(const Reply& reply) {
  if (!reply) return not_answered(reply.error());
  const Answer& answer = *reply;
  const auto meaning = answer.code ? meaning_of(*answer.code) : std::nullopt;
  const bool over_rate = answer.http_status == 429 && answer.code && is_rate_limit(*answer.code);
  SendOutcome outcome = over_rate ? rejected(answer, true, false)
                        : meaning ? by_meaning(answer, *meaning)
                                  : by_http_status(answer);
  outcome.over_rate = over_rate || (outcome.retryable && answer.http_status == 429);
  outcome.reference = answer.reference;
  outcome.code = answer.code ? std::to_string(*answer.code) : "http_" + std::to_string(answer.http_status);
  outcome.detail = answer.words;
  return outcome;
}

Error error_of(const NoAnswer& none) {
  Error error{Errc::unavailable, "The provider cannot be reached now."};
  error.retry_after = std::chrono::ceil<std::chrono::seconds>(none.retry_after);
  return error;
}

Error error_of(const Answer& refusal) {
  const std::string code = refusal.code ? " (Telesign " + std::to_string(*refusal.code) + ")" : "";
  const bool rate = refusal.http_status == 429 || (refusal.code && is_rate_limit(*refusal.code));
  const auto meaning = refusal.code ? meaning_of(*refusal.code) : std::nullopt;
  const bool refused = refusal.http_status >= 400 && refusal.http_status < 500 && refusal.http_status != 401 &&
                       refusal.http_status != 403 && refusal.http_status != 408 && !rate;
  if (refused && !(meaning && meaning->provider_down)) {
    return {Errc::bad_request, "The provider refuses this question" + code + "."};
  }
  Error error{Errc::unavailable, "The provider cannot answer now" + code + "."};
  error.retry_after = std::chrono::ceil<std::chrono::seconds>(refusal.retry_after);
  return error;
}

}  // namespace kriya::messaging::telesign
