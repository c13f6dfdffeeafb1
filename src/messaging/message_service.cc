#include "messaging/message_service.h"

#include <algorithm>
#include <array>

#include <arpa/inet.h>

#include "base/text.h"
#include "messaging/message_contents.h"

namespace kriya::messaging {
namespace {

constexpr std::int64_t kUsualPage = 50;
constexpr std::int64_t kLongestPage = 200;
constexpr std::size_t kAddons = 16;
constexpr std::size_t kLongestAddon = 40;
constexpr std::size_t kLongestAccount = 100;
constexpr std::array<std::string_view, 5> kEvents{"create", "sign-in", "transact", "update", "delete"};

bool is_address(const std::string& text) {
  in6_addr ignored{};
  return ::inet_pton(AF_INET, text.c_str(), &ignored) == 1 || ::inet_pton(AF_INET6, text.c_str(), &ignored) == 1;
}

bool is_addon(std::string_view text) {
  const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
  return !text.empty() && text.size() <= kLongestAddon && std::ranges::all_of(text, allowed);
}

Result<void> checked(schema::FieldErrors errors) {
  if (errors.empty()) return {};
  return fail(std::move(errors).as_error());
}

Result<void> check(const SmsRequest& request) {
  schema::FieldErrors errors;
  errors.inside("message", [&] { check_sms_text(request.message, errors); });
  return checked(std::move(errors));
}

Result<void> check(const Content& content, const std::optional<std::string>& fallback_sms) {
  schema::FieldErrors errors;
  check_whatsapp(content, errors);
  if (fallback_sms) errors.inside("fallback_sms", [&] { check_sms_text(*fallback_sms, errors); });
  return checked(std::move(errors));
}

Result<void> check(const LookupRequest& request) {
  schema::FieldErrors errors;
  errors.inside("addons", [&] {
    if (request.addons && (request.addons->size() > kAddons || !std::ranges::all_of(*request.addons, is_addon))) {
      errors.add("must be at most 16 names of lower-case letters and underscores, like sim_swap");
    }
  });
  return checked(std::move(errors));
}

Result<void> check(const RiskRequest& request) {
  schema::FieldErrors errors;
  errors.inside("event", [&] {
    if (request.event && !is_one_of(*request.event, kEvents)) {
      errors.add("must be one of create, sign-in, transact, update, delete");
    }
  });
  errors.inside("client_address", [&] {
    if (request.client_address && !is_address(*request.client_address)) errors.add("must be an IP address");
  });
  errors.inside("account_id", [&] {
    const auto visible = [](char c) { return c >= ' ' && c < 0x7f; };
    const auto& id = request.account_id;
    if (id && (id->empty() || id->size() > kLongestAccount || !std::ranges::all_of(*id, visible))) {
      errors.add("must be 1 to 100 ASCII characters");
    }
  });
  return checked(std::move(errors));
}

Result<void> check(const MessageQuery& query) {
  schema::FieldErrors errors;
  errors.inside("limit", [&] {
    if (query.limit && (*query.limit < 1 || *query.limit > kLongestPage)) errors.add("must be 1 to 200");
  });
  return checked(std::move(errors));
}

NewMessage message_of(const PhoneNumber& to, std::optional<Purpose> purpose, Requester requester) {
  return {.to = to,
          .content = {},
          .purpose = purpose.value_or(Purpose::transactional),
          .requested_by = std::move(requester.name),
          .user_id = requester.user_id};
}

}  // namespace

Task<Result<MessageAccepted>> MessageService::send_sms(SmsRequest request, Requester requester, Deadline deadline) {
  if (auto good = check(request); !good) co_return fail(std::move(good.error()));
  NewMessage message = message_of(request.phone_number, request.purpose, std::move(requester));
  message.content.text = std::move(request.message);
  co_return co_await send(std::move(message), deadline);
}

Task<Result<MessageAccepted>> MessageService::send_whatsapp(WhatsAppRequest request, Requester requester,
                                                            Deadline deadline) {
  NewMessage message = message_of(request.phone_number, request.purpose, std::move(requester));
  message.channels = {Channel::whatsapp};
  message.content = {.text = std::move(request.text),
                     .code = {},
                     .template_ = std::move(request.template_),
                     .media = std::move(request.media),
                     .buttons = std::move(request.buttons),
                     .list = std::move(request.list)};
  if (auto good = check(message.content, request.fallback_sms); !good) co_return fail(std::move(good.error()));
  if (request.fallback_sms) {
    message.channels.push_back(Channel::sms);
    message.fallback.emplace().text = std::move(request.fallback_sms);
  }
  co_return co_await send(std::move(message), deadline);
}

Task<Result<MessageAccepted>> MessageService::send(NewMessage message, Deadline deadline) {
  auto record = co_await messenger_.send(std::move(message), deadline);
  if (!record) co_return fail(std::move(record.error()));
  if (record->status == Status::failed || record->status == Status::expired) {
    const std::string code = record->provider_code ? " (" + record->provider + " " + *record->provider_code + ")" : "";
    co_return fail(Errc::delivery_failed,
                   "The message was not sent" + code + "; see /api/messages/" + record->id.str() + ".");
  }
  co_return MessageAccepted{true, "Message accepted", *std::move(record)};
}

Task<Result<MessagePage>> MessageService::list(MessageQuery query, Requester requester, Deadline deadline) {
  if (auto good = check(query); !good) co_return fail(std::move(good.error()));
  const std::int64_t limit = query.limit.value_or(kUsualPage);
  MessageFilter filter{.before = query.before,
                       .status = query.status,
                       .phone_hash = {},
                       .requested_by = std::move(query.requested_by),
                       .limit = limit + 1};  // one more tells whether there is a next page
  if (query.phone_number) filter.phone_hash = phone_hash_.of(*query.phone_number);
  if (!requester.sees_all) {
    if (filter.requested_by && *filter.requested_by != requester.name) co_return MessagePage{};
    filter.requested_by = requester.name;
  }
  auto found = co_await store_.list(std::move(filter), deadline);
  if (!found) co_return fail(std::move(found.error()));
  MessagePage page;
  for (StoredMessage& message : *found) page.messages.push_back(std::move(message.record));
  if (static_cast<std::int64_t>(page.messages.size()) > limit) {
    page.messages.pop_back();
    page.next = page.messages.back().id;
  }
  co_return page;
}

Task<Result<MessageRecord>> MessageService::find(Uuid id, Requester requester, Deadline deadline) {
  auto found = co_await store_.find(id, deadline);
  if (!found) co_return fail(std::move(found.error()));
  if (!*found || (!requester.sees_all && (*found)->requested_by != requester.name)) {
    co_return fail(Errc::not_found, "There is no such message.");
  }
  co_return std::move((*found)->record);
}

Task<Result<NumberReport>> MessageService::look_up(LookupRequest request, Deadline deadline) {
  if (auto good = check(request); !good) co_return fail(std::move(good.error()));
  if (lookup_ == nullptr) co_return fail(Errc::verification_unavailable, "No provider that knows numbers is set up.");
  std::vector<std::string> addons = std::move(request.addons).value_or(std::vector<std::string>());
  co_return co_await lookup_->look_up(std::move(request.phone_number), std::move(addons), deadline);
}

Task<Result<RiskReport>> MessageService::assess(RiskRequest request, Deadline deadline) {
  if (auto good = check(request); !good) co_return fail(std::move(good.error()));
  if (risk_ == nullptr) co_return fail(Errc::verification_unavailable, "No provider that scores numbers is set up.");
  RiskQuestion question{.number = std::move(request.phone_number),
                        .event = std::move(request.event).value_or("transact"),
                        .client_address = std::move(request.client_address).value_or(""),
                        .email = {},
                        .account_id = std::move(request.account_id)};
  if (request.email) question.email = request.email->str();
  co_return co_await risk_->assess(std::move(question), deadline);
}

}  // namespace kriya::messaging
