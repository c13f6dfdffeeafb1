#include "messaging/messaging_endpoints.h"

namespace kriya::messaging {
namespace {

using http::Caller;
using http::Method;
using http::RateLimit;

constexpr const char* kMessagesTag = "Messages";
constexpr const char* kNumbersTag = "Phone numbers";
constexpr const char* kMasked = "+1\u2022\u2022\u2022\u2022\u2022\u20220123";

// Every message and every question costs money: closed. An application sends for many people, a person for one.
const RateLimit kSendLimit{.name = "messages",
                           .scope = RateLimit::Scope::api_key,
                           .requests = 3'000,
                           .when_away = RateLimit::WhenAway::closed};
const RateLimit kSendLimitOfUser{
    .name = "messages-user", .scope = RateLimit::Scope::user, .requests = 60, .when_away = RateLimit::WhenAway::closed};
const RateLimit kQuestionLimit{.name = "phone-questions",
                               .scope = RateLimit::Scope::api_key,
                               .requests = 3'000,
                               .when_away = RateLimit::WhenAway::closed};
const RateLimit kQuestionLimitOfUser{.name = "phone-questions-user",
                                     .scope = RateLimit::Scope::user,
                                     .requests = 60,
                                     .when_away = RateLimit::WhenAway::closed};

// Reading the record costs a query.
const RateLimit kReadLimit{.name = "messages-read", .scope = RateLimit::Scope::api_key, .requests = 6'000};
const RateLimit kReadLimitOfUser{.name = "messages-read-user", .scope = RateLimit::Scope::user, .requests = 600};

/// A server with a key is trusted with the whole record, a person with what that person asked for.
Requester requester_of(const Caller& caller) {
  if (!caller.api_key_id.empty()) return {.name = "key:" + caller.api_key_id, .sees_all = true};
  return {.name = "user:" + caller.token->user_id.str(), .user_id = caller.token->user_id};
}

MessageRecord example_record() {
  return {.id = *Uuid::parse("019aa5f4-7c00-7a3e-9d53-0d5c1b2e4f60"),
          .kind = "message",
          .provider = "telesign",
          .channel = Channel::sms,
          .phone_number = kMasked,
          .status = Status::accepted,
          .provider_reference = "35A7E3B4D8F04D9E8A6C5B2F1E0D9C8B",
          .provider_code = "290",
          .detail = "Message in progress",
          .cost = {},
          .currency = {},
          .segments = 1,
          .attempts = 1,
          .latency_ms = 212,
          .created_at = *parse_rfc3339("2026-11-21T09:30:00Z"),
          .updated_at = *parse_rfc3339("2026-11-21T09:30:00Z")};
}

WhatsAppRequest example_whatsapp() {
  WhatsAppRequest request;
  request.phone_number = *PhoneNumber::parse("+14155550123");
  request.buttons = Buttons{"Shall we deliver today?", {{"yes", "Yes"}, {"no", "Tomorrow"}}, {}, {}};
  request.fallback_sms = "Shall we deliver today? Answer YES or NO.";
  return request;
}

NumberReport example_report() {
  NumberReport report;
  report.phone_number = "+14155550123";
  report.provider = "telesign";
  report.country = "US";
  report.carrier = "Example Wireless";
  report.phone_type = "mobile";
  report.can_receive_sms = true;
  report.blocked = false;
  report.recommendation = Recommendation::allow;
  return report;
}

void add_sending(http::Router& router, const http::AccessRule& access, MessageService& service) {
  const std::vector<Errc> errors = {Errc::verification_unavailable, Errc::opted_out,   Errc::delivery_failed,
                                    Errc::too_many_requests,        Errc::unavailable, Errc::overloaded};
  const MessageAccepted accepted{true, "Message accepted", example_record()};
  router.add(Method::post, "/api/sms/send",
             http::Endpoint<SmsRequest, MessageAccepted>{
                 .summary = "Send an SMS",
                 .description = "Written down, then handed to the provider once before the answer; what may pass later "
                                "is tried again. `record.status` says how far it has come.",
                 .tag = kMessagesTag,
                 .access = {access},
                 .limits = {kSendLimit, kSendLimitOfUser},
                 .errors = errors,
                 .example_request =
                     SmsRequest{*PhoneNumber::parse("+14155550123"), "Your parcel is here.", Purpose::transactional},
                 .example_answer = accepted,
                 .handle =
                     [&](const SmsRequest& request, const Caller& caller) {
                       return service.send_sms(request, requester_of(caller), caller.deadline);
                     },
             });
  router.add(Method::post, "/api/whatsapp/send",
             http::Endpoint<WhatsAppRequest, MessageAccepted>{
                 .summary = "Send a WhatsApp message",
                 .description = "Exactly one of text, template, media, buttons and list. With `fallback_sms` an SMS "
                                "with exactly that text goes out instead when WhatsApp definitely could not deliver "
                                "(by Telesign also when it has not within 300 s); without it none does.",
                 .tag = kMessagesTag,
                 .access = {access},
                 .limits = {kSendLimit, kSendLimitOfUser},
                 .errors = errors,
                 .example_request = example_whatsapp(),
                 .example_answer = accepted,
                 .handle =
                     [&](const WhatsAppRequest& request, const Caller& caller) {
                       return service.send_whatsapp(request, requester_of(caller), caller.deadline);
                     },
             });
}

void add_reading(http::Router& router, const http::AccessRule& access, MessageService& service) {
  router.add(
      Method::get, "/api/messages",
      http::Endpoint<MessageQuery, MessagePage>{
          .summary = "The record of messages, newest first",
          .description = "An API key sees all of them, a Bearer those that its user asked for. No text, no code "
                         "and no whole number is in it.",
          .tag = kMessagesTag,
          .access = {access},
          .limits = {kReadLimit, kReadLimitOfUser},
          .errors = {Errc::unavailable, Errc::overloaded},
          .example_answer = MessagePage{{example_record()}, example_record().id},
          .handle = [&](const MessageQuery& query,
                        const Caller& caller) { return service.list(query, requester_of(caller), caller.deadline); },
      });
  router.add(
      Method::get, "/api/messages/{id}",
      http::Endpoint<MessagePath, MessageRecord>{
          .summary = "One message, and how far it has come",
          .tag = kMessagesTag,
          .access = {access},
          .limits = {kReadLimit, kReadLimitOfUser},
          .errors = {Errc::not_found, Errc::unavailable},
          .example_answer = example_record(),
          .handle = [&](const MessagePath& path,
                        const Caller& caller) { return service.find(path.id, requester_of(caller), caller.deadline); },
      });
}

void add_questions(http::Router& router, const http::AccessRule& access, MessageService& service) {
  const std::vector<Errc> errors = {Errc::verification_unavailable, Errc::bad_request, Errc::too_many_requests,
                                    Errc::unavailable};
  router.add(
      Method::post, "/api/phone/lookup",
      http::Endpoint<LookupRequest, NumberReport>{
          .summary = "What is known of a number",
          .description = "What is absent was not asked or is not known, which is never the same as safe.",
          .tag = kNumbersTag,
          .access = {access},
          .limits = {kQuestionLimit, kQuestionLimitOfUser},
          .errors = errors,
          .example_request = LookupRequest{*PhoneNumber::parse("+14155550123"), std::vector<std::string>{"sim_swap"}},
          .example_answer = example_report(),
          .handle = [&](const LookupRequest& request,
                        const Caller& caller) { return service.look_up(request, caller.deadline); },
      });
  router.add(
      Method::post, "/api/phone/risk",
      http::Endpoint<RiskRequest, RiskReport>{
          .summary = "How risky a number is",
          .description = "0 to 1000, higher is riskier; the recommendation follows our own thresholds.",
          .tag = kNumbersTag,
          .access = {access},
          .limits = {kQuestionLimit, kQuestionLimitOfUser},
          .errors = errors,
          .example_request = RiskRequest{*PhoneNumber::parse("+14155550123"), "sign-in", "203.0.113.7", {}, {}},
          .example_answer = RiskReport{"+14155550123", "telesign", 120, "very-low", Recommendation::allow, {20001}, {}},
          .handle = [&](const RiskRequest& request,
                        const Caller& caller) { return service.assess(request, caller.deadline); },
      });
}

}  // namespace

void add_messaging_endpoints(http::Router& router, MessagingAccess access, MessageService& service) {
  add_sending(router, access.send, service);
  add_reading(router, access.read, service);
  add_questions(router, access.question, service);
}

}  // namespace kriya::messaging
