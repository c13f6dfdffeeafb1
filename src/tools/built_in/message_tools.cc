// Messages to phones, and what became of them. MessageService has the rules.
#include "tools/built_in/built_in_tools.h"
#include "tools/typed_tool.h"

namespace kriya::tools {

using messaging::MessageRecord;
using messaging::MessageService;

struct WhatsAppText {
  PhoneNumber phone_number;
  std::string text;
  std::optional<std::string> fallback_sms;
  std::optional<messaging::Purpose> purpose;
};
BOOST_DESCRIBE_STRUCT(WhatsAppText, (), (phone_number, text, fallback_sms, purpose))

struct WhatsAppTemplate {
  PhoneNumber phone_number;
  messaging::Template template_;
  std::optional<std::string> fallback_sms;
  std::optional<messaging::Purpose> purpose;
};
BOOST_DESCRIBE_STRUCT(WhatsAppTemplate, (), (phone_number, template_, fallback_sms, purpose))

struct WhatsAppMedia {
  PhoneNumber phone_number;
  messaging::Media media;
  std::optional<std::string> fallback_sms;
  std::optional<messaging::Purpose> purpose;
};
BOOST_DESCRIBE_STRUCT(WhatsAppMedia, (), (phone_number, media, fallback_sms, purpose))

struct WhatsAppButtons {
  PhoneNumber phone_number;
  messaging::Buttons buttons;
  std::optional<std::string> fallback_sms;
  std::optional<messaging::Purpose> purpose;
};
BOOST_DESCRIBE_STRUCT(WhatsAppButtons, (), (phone_number, buttons, fallback_sms, purpose))

/// The record's query without `requested_by`: it is always the asker's own.
struct OwnMessageQuery {
  std::optional<messaging::Status> status;
  std::optional<PhoneNumber> phone_number;
  std::optional<Uuid> before;
  std::optional<std::int64_t> limit;
};
BOOST_DESCRIBE_STRUCT(OwnMessageQuery, (), (status, phone_number, before, limit))

namespace {

constexpr const char* kSend = "messages:send";
constexpr const char* kRead = "messages:read";
constexpr Annotations kSends{.open_world = true};
constexpr Annotations kReads{.read_only = true, .idempotent = true};
constexpr const char* kTo = "Whom to send it to, e.g. +14155550123";
constexpr const char* kPurpose = "transactional unless said otherwise; marketing needs the receiver's consent";
constexpr const char* kFallback = "Sent by SMS instead when WhatsApp definitely could not deliver";
constexpr const char* kAfterwards =
    " It goes to a real phone and cannot be taken back. The result says how far it has come; get_message_status "
    "follows it by its id.";

// Every message costs money.
const CallLimit kSendLimit{
    .name = "tool-messages", .of_person = 60, .of_program = 3'000, .when_away = http::RateLimit::WhenAway::closed};

/// Everybody sees what was sent on the own behalf, and nothing else.
messaging::Requester requester_of(const http::Principal& principal) {
  return {.name = principal.subject(), .user_id = principal.user_id};
}

Result<MessageRecord> record_of(Result<messaging::MessageAccepted> accepted) {
  if (!accepted) return fail(std::move(accepted.error()));
  return std::move(accepted->record);
}

// What was begun is finished: the message may be out already.
Task<Result<MessageRecord>> send_sms(MessageService& messages, messaging::SmsRequest request, CallContext context) {
  co_return record_of(
      co_await messages.send_sms(std::move(request), requester_of(context.principal), context.deadline.unstoppable()));
}

Task<Result<MessageRecord>> send_whatsapp(MessageService& messages, messaging::WhatsAppRequest request,
                                          CallContext context) {
  co_return record_of(co_await messages.send_whatsapp(std::move(request), requester_of(context.principal),
                                                      context.deadline.unstoppable()));
}

/// The request without its content.
template <class Arguments>
messaging::WhatsAppRequest request_of(Arguments& arguments) {
  messaging::WhatsAppRequest request;
  request.phone_number = std::move(arguments.phone_number);
  request.fallback_sms = std::move(arguments.fallback_sms);
  request.purpose = arguments.purpose;
  return request;
}

/// One of the tools that send by WhatsApp; they differ in what they send.
template <class Arguments, auto content, auto member>
OwnTool whatsapp_tool(MessageService& messages, std::string name, std::string title, const std::string& description,
                      std::vector<FieldText> arguments) {
  arguments.insert(arguments.begin(), {"phone_number", kTo});
  arguments.push_back({"fallback_sms", kFallback});
  arguments.push_back({"purpose", kPurpose});
  return make_tool<Arguments, MessageRecord>({
      .name = std::move(name),
      .title = std::move(title),
      .description = description + kAfterwards,
      .annotations = kSends,
      .scope = kSend,
      .arguments = std::move(arguments),
      .limit = kSendLimit,
      .run =
          [&messages](Arguments given, CallContext context) {
            messaging::WhatsAppRequest request = request_of(given);
            request.*content = std::move(given.*member);
            return send_whatsapp(messages, std::move(request), std::move(context));
          },
  });
}

OwnTool send_sms_tool(MessageService& messages) {
  return make_tool<messaging::SmsRequest, MessageRecord>({
      .name = "send_sms",
      .title = "Send an SMS",
      .description = std::string("Sends an SMS.") + kAfterwards,
      .annotations = kSends,
      .scope = kSend,
      .arguments = {{"phone_number", kTo}, {"message", "The text: 1 to 1,600 characters"}, {"purpose", kPurpose}},
      .limit = kSendLimit,
      .run = [&messages](messaging::SmsRequest request,
                         CallContext context) { return send_sms(messages, std::move(request), std::move(context)); },
  });
}

std::vector<OwnTool> whatsapp_tools(MessageService& messages) {
  using messaging::WhatsAppRequest;
  return {
      whatsapp_tool<WhatsAppText, &WhatsAppRequest::text, &WhatsAppText::text>(
          messages, "send_whatsapp_message", "Send a WhatsApp message",
          "Sends a text by WhatsApp. WhatsApp delivers free text only to people who wrote to us within the last 24 "
          "hours; to others send a template.",
          {{"text", "The text: 1 to 4,096 characters"}}),
      whatsapp_tool<WhatsAppTemplate, &WhatsAppRequest::template_, &WhatsAppTemplate::template_>(
          messages, "send_whatsapp_template", "Send a WhatsApp template",
          "Sends a template that WhatsApp has approved beforehand, with its variables filled in.",
          {{"template.name", "The approved template's name, in lower_snake"},
           {"template.language", "Its language, e.g. en_US"},
           {"template.body", "The values of the variables of its text, in order"},
           {"template.header", "The picture, video or document of a template that has one at its head"},
           {"template.buttons", "One payload for each quick-reply button"}}),
      whatsapp_tool<WhatsAppMedia, &WhatsAppRequest::media, &WhatsAppMedia::media>(
          messages, "send_whatsapp_media", "Send a picture or file by WhatsApp",
          "Sends an image, video, audio, document or sticker by WhatsApp, which fetches it from a public https URL.",
          {{"media.url", "https, reachable from the internet"},
           {"media.caption", "Text below it; not of audio and stickers"},
           {"media.filename", "Of a document"}}),
      whatsapp_tool<WhatsAppButtons, &WhatsAppRequest::buttons, &WhatsAppButtons::buttons>(
          messages, "send_whatsapp_buttons", "Ask by WhatsApp with buttons",
          "Sends a question by WhatsApp with one to three buttons to answer it.",
          {{"buttons.body", "The question"},
           {"buttons.buttons", "One to three, each with an id of its own and a title of up to 20 characters"},
           {"buttons.header", "A line above"},
           {"buttons.footer", "A line below, in small print"}}),
  };
}

OwnTool status_tool(MessageService& messages) {
  return make_tool<messaging::MessagePath, MessageRecord>({
      .name = "get_message_status",
      .title = "What became of a message",
      .description = "The record of one message that was sent on the same behalf: queued, sending, unknown, accepted, "
                     "sent, expired, failed, delivered or read.",
      .annotations = kReads,
      .scope = kRead,
      .arguments = {{"id", "The message's id, as sending it gave"}},
      .run =
          [&messages](messaging::MessagePath path, CallContext context) {
            return messages.find(path.id, requester_of(context.principal), context.deadline);
          },
  });
}

OwnTool list_tool(MessageService& messages) {
  return make_tool<OwnMessageQuery, messaging::MessagePage>({
      .name = "list_messages",
      .title = "List sent messages",
      .description = "The messages that were sent on the same behalf, newest first. Texts are not kept.",
      .annotations = kReads,
      .scope = kRead,
      .arguments = {{"status", "Only those of this status"},
                    {"phone_number", "Only those to this number"},
                    {"before", "Only those older than the message of this id: `next` of the page before"},
                    {"limit", "1 to 200; 50 when absent"}},
      .run =
          [&messages](OwnMessageQuery query, CallContext context) {
            return messages.list({.status = query.status,
                                  .phone_number = std::move(query.phone_number),
                                  .requested_by = {},
                                  .before = query.before,
                                  .limit = query.limit},
                                 requester_of(context.principal), context.deadline);
          },
  });
}

}  // namespace

std::vector<OwnTool> message_tools(MessageService& messages) {
  std::vector<OwnTool> all = whatsapp_tools(messages);
  all.insert(all.begin(), send_sms_tool(messages));
  all.push_back(status_tool(messages));
  all.push_back(list_tool(messages));
  return all;
}

}  // namespace kriya::tools
