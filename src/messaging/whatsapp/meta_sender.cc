#include "messaging/whatsapp/meta_sender.h"

#include "messaging/fields.h"
#include "messaging/safe_words.h"
#include "messaging/whatsapp/meta_codes.h"
#include "messaging/whatsapp/meta_message.h"

namespace kriya::messaging::whatsapp {
namespace {

SendOutcome of_kind(SendOutcome::Kind kind, Status status) {
  SendOutcome outcome;
  outcome.kind = kind;
  outcome.status = status;
  return outcome;
}

SendOutcome rejected(const Refusal& refusal) {
  SendOutcome outcome = of_kind(SendOutcome::Kind::rejected, Status::failed);
  outcome.retryable = refusal.retryable;
  outcome.provider_down = refusal.provider_down;
  outcome.over_rate = refusal.retryable && !refusal.elsewhere && !refusal.provider_down;
  return outcome;
}

SendOutcome ambiguous(bool provider_down) {
  SendOutcome outcome = of_kind(SendOutcome::Kind::ambiguous, Status::unknown);
  outcome.provider_down = provider_down;
  return outcome;
}

SendOutcome not_answered(const http::client::Failure& failure) {
  SendOutcome outcome =
      failure.sent ? ambiguous(true) : rejected({.retryable = true, .elsewhere = true, .provider_down = true});
  outcome.detail = failure.detail;
  return outcome;
}

SendOutcome by_http_status(int status) {
  if (status == 429) return rejected({.retryable = true});
  // A 5xx may come from something in between, after the request had gone through; so may an unreadable success.
  if (status >= 500 || status < 300 || status == 408) return ambiguous(status >= 500);
  return rejected({.provider_down = status == 401 || status == 403});
}

std::string reference_in(const Fields& answer) {
  const json::array* messages = answer.array("messages");
  return messages == nullptr || messages->empty() ? "" : Fields(&messages->front()).text("id");
}

}  // namespace

SendOutcome meta_outcome(const http::client::Answer& answer) {
  if (!answer) return not_answered(answer.error());
  const auto document = parse_json(answer->body);
  const Fields fields(document ? &*document : nullptr);
  const bool success = answer->status >= 200 && answer->status < 300;
  const std::string reference = reference_in(fields);
  if (success && !reference.empty()) {
    SendOutcome outcome = of_kind(SendOutcome::Kind::accepted, Status::accepted);
    outcome.reference = reference_of(reference);
    return outcome;
  }
  const Fields error = fields.object("error");
  const auto code = error.number("code");
  const auto refusal = code ? refusal_of(*code) : std::nullopt;
  SendOutcome outcome = refusal ? rejected(*refusal) : by_http_status(answer->status);
  outcome.code = code ? std::to_string(*code) : "http_" + std::to_string(answer->status);
  // "(#131026) Message undeliverable": the number is the code above.
  std::string words = error.text("message");
  if (words.starts_with("(#") && words.find(") ") != std::string::npos) words.erase(0, words.find(") ") + 2);
  outcome.detail = safe_words(words);
  return outcome;
}

bool MetaSender::carries(Channel channel, const Content& content) const {
  return channel == Channel::whatsapp && meta_content(content, options_.code_template).has_value();
}

Task<SendOutcome> MetaSender::send(Outgoing message, Deadline deadline) {
  auto content =
      message.channel == Channel::whatsapp ? meta_content(message.content, options_.code_template) : std::nullopt;
  if (!content) {
    SendOutcome outcome = rejected({});
    outcome.code = "not_carried";
    outcome.detail = "Meta does not take this";
    co_return outcome;
  }
  http::client::Request request{.method = "POST",
                                .url = options_.base_url + "/" + options_.phone_number_id + "/messages"};
  request.headers = {{"Authorization", "Bearer " + std::string(options_.access_token.reveal())},
                     {"Content-Type", "application/json"}};
  request.body = write_json(meta_message(message, *std::move(content)));
  co_return meta_outcome(co_await client_.send(std::move(request), deadline));
}

}  // namespace kriya::messaging::whatsapp
