// The bodies of the messaging API.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "messaging/message.h"

namespace kriya::messaging {

/// Body of POST /api/sms/send.
struct SmsRequest {
  PhoneNumber phone_number;
  std::string message;             // 1 to 1,600 characters, not white space alone
  std::optional<Purpose> purpose;  // transactional when absent
};
BOOST_DESCRIBE_STRUCT(SmsRequest, (), (phone_number, message, purpose))

/// Body of POST /api/whatsapp/send: exactly one of text, template, media, buttons and list.
struct WhatsAppRequest {
  PhoneNumber phone_number;
  std::optional<std::string> text;
  std::optional<Template> template_;
  std::optional<Media> media;
  std::optional<Buttons> buttons;
  std::optional<List> list;
  std::optional<std::string> fallback_sms;  // sent by SMS when WhatsApp definitely could not deliver
  std::optional<Purpose> purpose;
  static constexpr bool kOmitEmpty = true;
};
BOOST_DESCRIBE_STRUCT(WhatsAppRequest, (), (phone_number, text, template_, media, buttons, list, fallback_sms, purpose))

/// A message that was written down. `record.status` says how far it has come; GET /api/messages/{id} follows it.
struct MessageAccepted {
  static constexpr int kStatus = 202;
  bool success = true;
  std::string message;
  MessageRecord record;
};
BOOST_DESCRIBE_STRUCT(MessageAccepted, (), (success, message, record))

/// Query of GET /api/messages.
struct MessageQuery {
  std::optional<Status> status;
  std::optional<PhoneNumber> phone_number;
  std::optional<std::string> requested_by;
  std::optional<Uuid> before;         // older than this one: `next` of the page before
  std::optional<std::int64_t> limit;  // 1 to 200, else 50
};
BOOST_DESCRIBE_STRUCT(MessageQuery, (), (status, phone_number, requested_by, before, limit))

struct MessagePage {
  std::vector<MessageRecord> messages;  // newest first
  std::optional<Uuid> next;             // `before` of the next page; null: there is none
};
BOOST_DESCRIBE_STRUCT(MessagePage, (), (messages, next))

/// Path of GET /api/messages/{id}.
struct MessagePath {
  Uuid id;
};
BOOST_DESCRIBE_STRUCT(MessagePath, (), (id))

/// Body of POST /api/phone/lookup.
struct LookupRequest {
  PhoneNumber phone_number;
  std::optional<std::vector<std::string>> addons;  // the provider's names of further questions; each may cost
};
BOOST_DESCRIBE_STRUCT(LookupRequest, (), (phone_number, addons))

/// Body of POST /api/phone/risk.
struct RiskRequest {
  PhoneNumber phone_number;
  std::optional<std::string> event;           // create, sign-in, transact (when absent), update, delete
  std::optional<std::string> client_address;  // the person's IP address
  std::optional<EmailAddress> email;
  std::optional<std::string> account_id;
};
BOOST_DESCRIBE_STRUCT(RiskRequest, (), (phone_number, event, client_address, email, account_id))

}  // namespace kriya::messaging
