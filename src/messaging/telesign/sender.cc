#include "messaging/telesign/sender.h"

#include <algorithm>

#include "base/text.h"
#include "messaging/telesign/codes.h"

namespace kriya::messaging::telesign {
namespace {

constexpr std::size_t kLongestText = 1600;

bool fits_sms(std::string_view text) {
  const auto length = utf8_length(text);
  return length && *length > 0 && *length <= kLongestText;
}

SendOutcome not_carried() {
  SendOutcome outcome;
  outcome.kind = SendOutcome::Kind::rejected;
  outcome.status = Status::failed;
  outcome.code = "not_carried";
  outcome.detail = "Telesign documents no way to send this";
  return outcome;
}

bool is_reference(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
  });
}

}  // namespace

bool TelesignSender::carries(Channel channel, const Content& content) const {
  const bool own_code = content.code && content.code->code;
  switch (channel) {
    case Channel::sms:
      if (content.text) return fits_sms(*content.text);
      return content.code && (!own_code || fits_sms(content.code->text));
    case Channel::voice:
      return content.code.has_value();
    case Channel::whatsapp:
      return fits_omnichannel(content, options_);
  }
  return false;
}

Task<SendOutcome> TelesignSender::send(Outgoing message, Deadline deadline) {
  if (!carries(message.channel, message.content)) co_return not_carried();
  const Content& content = message.content;
  if (message.channel == Channel::whatsapp) {
    auto body = omnichannel_request(message, options_);
    auto outcome = outcome_of(co_await api_.post(Product::messaging, "/v1/omnichannel", std::move(body), deadline));
    outcome.sends_sms_itself = message.sms_instead && sms_behind(message, options_);
    co_return outcome;
  }
  if (message.channel == Channel::voice) {
    auto form = call_request(message, options_);
    co_return outcome_of(co_await api_.post(Product::voice, "/v1/verify/call", std::move(form), deadline));
  }
  if (content.code && !content.code->code) {
    auto form = sms_verify_request(message, options_);
    co_return outcome_of(co_await api_.post(Product::sms_verify, "/v1/verify/sms", std::move(form), deadline));
  }
  auto form = sms_request(message, content.text ? *content.text : content.code->text, options_);
  co_return outcome_of(co_await api_.post(Product::sms, "/v1/messaging", std::move(form), deadline));
}

Task<Result<CodeVerifier::Verdict>> TelesignCodeVerifier::check(std::string reference, std::string code,
                                                                Deadline deadline) {
  if (!is_reference(reference)) co_return Verdict::expired;
  const Reply reply = co_await api_.get(Product::sms_verify, "/v1/verify/" + reference,
                                        "verify_code=" + percent_encode(code), deadline);
  if (!reply) co_return fail(error_of(reply.error()));
  const bool success = reply->http_status >= 200 && reply->http_status < 300;
  const std::string state = success ? to_lower(reply->fields().object("verify").text("code_state")) : "";
  if (state == "valid") co_return Verdict::right;
  if (state == "invalid") co_return Verdict::wrong;
  if (state == "expired" || state == "max_attempts_exceeded") co_return Verdict::expired;
  if (reply->http_status == 404 || (reply->code && is_unknown_reference(*reply->code))) co_return Verdict::expired;
  Error error = error_of(*reply);
  error.code = Errc::unavailable;  // nobody said that the code is wrong
  co_return fail(std::move(error));
}

Task<Result<void>> TelesignCodeVerifier::report_completion(std::string reference, Deadline deadline) {
  constexpr std::int64_t recorded = 1900;
  if (!is_reference(reference)) co_return fail(Errc::unavailable, "No reference of Telesign's.");
  const Reply reply = co_await api_.put(Product::sms_verify, "/v1/verify/completion/" + reference, deadline);
  if (!reply) co_return fail(error_of(reply.error()));
  if (reply->code != recorded) co_return fail(Errc::unavailable, "Telesign did not take the report.");
  co_return Result<void>{};
}

}  // namespace kriya::messaging::telesign
