// A message to a phone: what it says, how it travels, what became of it. Plain values, described once for the API, the
// command line and the sealed payloads of the outbox.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "base/uuid.h"
#include "phone/phone_number.h"
#include "schema/described.h"

namespace kriya::messaging {

enum class Channel { sms, whatsapp, voice };
BOOST_DESCRIBE_ENUM(Channel, sms, whatsapp, voice)

/// Why it is sent; providers and laws treat these apart (Telesign's OTP, ARN, MKT).
enum class Purpose { code, transactional, marketing };
BOOST_DESCRIBE_ENUM(Purpose, code, transactional, marketing)

/// What an attachment or the head of a message is.
enum class MediaKind { image, video, audio, document, sticker };
BOOST_DESCRIBE_ENUM(MediaKind, image, video, audio, document, sticker)

struct Media {
  MediaKind kind = MediaKind::image;
  std::string url;  // https
  std::optional<std::string> caption;
  std::optional<std::string> filename;  // of a document
  static constexpr bool kOmitEmpty = true;
};
BOOST_DESCRIBE_STRUCT(Media, (), (kind, url, caption, filename))

/// A template that the provider has approved, with its variables in order.
struct Template {
  std::string name;      // lower_snake
  std::string language;  // "en_US"
  std::vector<std::string> body;
  std::optional<Media> header;
  std::optional<std::vector<std::string>> buttons;  // one payload for each quick-reply button
  static constexpr bool kOmitEmpty = true;
};
BOOST_DESCRIBE_STRUCT(Template, (), (name, language, body, header, buttons))

struct Button {
  std::string id;
  std::string title;
};
BOOST_DESCRIBE_STRUCT(Button, (), (id, title))

struct Buttons {
  std::string body;
  std::vector<Button> buttons;
  std::optional<std::string> header;
  std::optional<std::string> footer;
  static constexpr bool kOmitEmpty = true;
};
BOOST_DESCRIBE_STRUCT(Buttons, (), (body, buttons, header, footer))

struct ListRow {
  std::string id;
  std::string title;
  std::optional<std::string> description;
  static constexpr bool kOmitEmpty = true;
};
BOOST_DESCRIBE_STRUCT(ListRow, (), (id, title, description))

struct ListSection {
  std::string title;
  std::vector<ListRow> rows;
};
BOOST_DESCRIBE_STRUCT(ListSection, (), (title, rows))

struct List {
  std::string body;
  std::string button;
  std::vector<ListSection> sections;
  std::optional<std::string> header;
  std::optional<std::string> footer;
  static constexpr bool kOmitEmpty = true;
};
BOOST_DESCRIBE_STRUCT(List, (), (body, button, sections, header, footer))

/// A code for a person to type back. Channels say it in their own way: an SMS is its `text`, a voice call speaks the
/// digits, WhatsApp fills an authentication template. Without `code` the provider makes one and checks it itself.
struct Code {
  std::optional<std::string> code;
  std::string text;    // the whole message, code and origin-bound line included
  std::string locale;  // "en", "hi"
  static constexpr bool kOmitEmpty = true;
};
BOOST_DESCRIBE_STRUCT(Code, (), (code, text, locale))

/// Exactly one is there.
struct Content {
  std::optional<std::string> text;
  std::optional<Code> code;
  std::optional<Template> template_;
  std::optional<Media> media;
  std::optional<Buttons> buttons;
  std::optional<List> list;
  static constexpr bool kOmitEmpty = true;
};
BOOST_DESCRIBE_STRUCT(Content, (), (text, code, template_, media, buttons, list))

/// In the order in which they give way: a later one never turns into an earlier one.
///   queued     written down, not handed over yet (also while it waits for another try)
///   sending    being handed over
///   unknown    handed over, but the answer was lost: never sent again, a receipt may still tell
///   accepted   the provider has it
///   sent       the carrier has it
///   delivered, read
///   failed     definitely not delivered; `expired`: not worth sending any more, and not sent
enum class Status { queued, sending, unknown, accepted, sent, expired, failed, delivered, read };
BOOST_DESCRIBE_ENUM(Status, queued, sending, unknown, accepted, sent, expired, failed, delivered, read)

/// One line of the record of all messages, as operators and clients see it.
struct MessageRecord {
  Uuid id;
  std::string kind;  // "code", "notice", "message"
  std::string provider;
  Channel channel = Channel::sms;
  std::string phone_number;  // masked
  Status status = Status::queued;
  std::optional<std::string> provider_reference;
  std::optional<std::string> provider_code;
  std::optional<std::string> detail;
  std::optional<std::string> cost;
  std::optional<std::string> currency;
  std::int64_t segments = 0;
  std::int64_t attempts = 0;
  std::optional<std::int64_t> latency_ms;
  Timestamp created_at;
  Timestamp updated_at;
};
BOOST_DESCRIBE_STRUCT(MessageRecord, (),
                      (id, kind, provider, channel, phone_number, status, provider_reference, provider_code, detail,
                       cost, currency, segments, attempts, latency_ms, created_at, updated_at))

}  // namespace kriya::messaging
