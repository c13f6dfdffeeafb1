#include "messaging/telesign/requests.h"

#include "base/text.h"

namespace kriya::messaging::telesign {
namespace {

constexpr std::string_view kCodePlaceholder = "$$CODE$$";
constexpr int kFallbackSeconds = 300;     // Telesign's default
constexpr int kCodeFallbackSeconds = 30;  // the least: a code is waited for
constexpr std::size_t kVerifyTemplateCharacters = 160;

std::string_view message_type(Purpose purpose) {
  switch (purpose) {
    case Purpose::code:
      return "OTP";
    case Purpose::transactional:
      return "ARN";
    case Purpose::marketing:
      return "MKT";
  }
  return "ARN";
}

/// Telesign's account_lifecycle_event; "" for a message that belongs to none.
std::string_view lifecycle_event(Purpose purpose) {
  switch (purpose) {
    case Purpose::code:
      return "sign-in";
    case Purpose::transactional:
      return "transact";
    case Purpose::marketing:
      return "";
  }
  return "";
}

/// Telesign's language codes have a country.
std::string language_of(std::string_view locale) {
  if (locale == "en" || locale.empty()) return "en-US";
  if (locale == "es") return "es-ES";
  if (locale == "hi") return "hi-IN";
  return std::string(locale);
}

void add(Form& form, std::string_view name, std::string_view value) {
  if (!value.empty()) form.emplace_back(name, value);
}

void add(json::object& body, std::string_view name, std::string_view value) {
  if (!value.empty()) body[name] = value;
}

/// SMS Verify and calls know no external_id: ours comes back in the query of the address for receipts.
std::string callback_with_id(const Outgoing& message, const SendingOptions& options) {
  if (options.callback_url.empty()) return {};
  const char separator = options.callback_url.find('?') == std::string::npos ? '?' : '&';
  return options.callback_url + separator + "message=" + message.id.str();
}

/// The words of a code's message without the origin-bound line, which only phones read; the code replaced.
std::string spoken_words(const Code& content, std::string_view code, std::string_view by) {
  std::string words;
  std::string_view rest = content.text;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (!line.starts_with('@') && !trim(line).empty()) words += (words.empty() ? "" : " ") + std::string(trim(line));
  }
  const auto at = words.find(code);
  if (at == std::string::npos) return {};
  return words.replace(at, code.size(), by);
}

json::object templated(std::string_view name, json::object parameters) {
  return {{"template", name}, {"parameters", std::move(parameters)}};
}

json::object text_message(std::string_view text) { return templated("text", {{"text", text}}); }

std::optional<json::object> render_media(const Media& media) {
  if (media.caption && !media.caption->empty()) return std::nullopt;  // no parameter is documented for it
  switch (media.kind) {
    case MediaKind::image:
      return templated("image", {{"header_url", media.url}});
    case MediaKind::video:
      return templated("video", {{"header_url", media.url}});
    case MediaKind::audio:
      return templated("audio", {{"header_url", media.url}});
    case MediaKind::document:
      return templated("file", {{"header_url", media.url}, {"file_name", media.filename.value_or("file")}});
    case MediaKind::sticker:
      return std::nullopt;
  }
  return std::nullopt;
}

/// The names are those that Telesign reports as `mandatory_parameters` of a template.
std::optional<json::object> render_template(const Template& content) {
  if (content.buttons && !content.buttons->empty()) return std::nullopt;  // nor is one for their payloads
  json::object parameters;
  if (content.header) parameters["header_url"] = content.header->url;
  for (std::size_t i = 0; i < content.body.size(); ++i) {
    parameters["body_text_" + std::to_string(i + 1)] = content.body[i];
  }
  return templated(content.name, std::move(parameters));
}

/// What goes out by WhatsApp.
std::optional<json::object> render(const Content& content, const SendingOptions& options) {
  if (content.text) return text_message(*content.text);
  if (content.code && content.code->code && !options.code_template.empty()) {
    return templated(options.code_template, {{"body_text_1", *content.code->code}});
  }
  if (content.template_) return render_template(*content.template_);
  if (content.media) return render_media(*content.media);
  return std::nullopt;
}

bool fits_body(const json::object& whatsapp, std::string_view sms) {
  constexpr std::size_t most = 10'240 - 1'024;  // bytes of the body; what goes around the words is less than that
  return write_json(whatsapp).size() + write_json(json::string(sms)).size() <= most;
}

}  // namespace

Form sms_request(const Outgoing& message, std::string_view text, const SendingOptions& options) {
  Form form{{"phone_number", std::string(message.to.digits())},
            {"message", std::string(text)},
            {"message_type", std::string(message_type(message.purpose))}};
  add(form, "account_lifecycle_event", lifecycle_event(message.purpose));
  add(form, "sender_id", options.sender_id);
  add(form, "external_id", message.id.str());
  add(form, "originating_ip", message.client_address);
  add(form, "callback_url", options.callback_url);
  return form;
}

Form sms_verify_request(const Outgoing& message, const SendingOptions& options) {
  const Code& content = *message.content.code;
  Form form{{"phone_number", std::string(message.to.digits())}};
  const auto length = utf8_length(content.text);
  // A text of ours only where it says where the code belongs; else Telesign's own in that language.
  if (content.text.find(kCodePlaceholder) != std::string::npos && length && *length <= kVerifyTemplateCharacters) {
    add(form, "template", content.text);
  } else {
    add(form, "language", language_of(content.locale));
  }
  add(form, "sender_id", options.sender_id);
  add(form, "originating_ip", message.client_address);
  add(form, "callback_url", callback_with_id(message, options));
  return form;
}

std::optional<Spoken> spoken(std::string_view code) {
  constexpr std::size_t least = 3;
  constexpr std::size_t most = 5;
  for (std::size_t size = std::min(most, code.size()); size >= least; --size) {
    const std::string_view end = code.substr(code.size() - size);
    if (end.front() == '0') continue;
    Spoken parts{.code = std::string(end), .digits_before = {}};
    for (const char digit : code.substr(0, code.size() - size)) (parts.digits_before += digit) += ", ";
    return parts;
  }
  return std::nullopt;
}

Form call_request(const Outgoing& message, const SendingOptions& options) {
  const Code& content = *message.content.code;
  Form form{{"phone_number", std::string(message.to.digits())}, {"language", language_of(content.locale)}};
  if (content.code) {
    const auto parts = spoken(*content.code);
    // Without such an ending the whole code is verify_code, and Telesign may refuse it.
    const Spoken whole{.code = *content.code, .digits_before = {}};
    const Spoken& say = parts ? *parts : whole;
    const std::string placeholder = say.digits_before + std::string(kCodePlaceholder);
    std::string words = spoken_words(content, *content.code, placeholder);
    if (words.empty() && !say.digits_before.empty()) words = placeholder;
    add(form, "verify_code", say.code);
    add(form, "tts_message", words);
  }
  add(form, "originating_ip", message.client_address);
  add(form, "callback_url", callback_with_id(message, options));
  return form;
}

bool fits_omnichannel(const Content& content, const SendingOptions& options) {
  const auto whatsapp = render(content, options);
  return whatsapp && fits_body(*whatsapp, content.code ? content.code->text : std::string_view());
}

std::optional<std::string> sms_behind(const Outgoing& message, const SendingOptions& options) {
  if (!options.sms_fallback) return std::nullopt;
  if (message.content.code) return message.content.code->text;
  const auto whatsapp = render(message.content, options);
  if (!message.sms_instead || !whatsapp || !fits_body(*whatsapp, *message.sms_instead)) return std::nullopt;
  return message.sms_instead;
}

json::object omnichannel_request(const Outgoing& message, const SendingOptions& options) {
  const auto sms = sms_behind(message, options);
  json::array channels;
  json::object by_channel{{"whatsapp", *render(message.content, options)}};
  if (sms) {
    const int seconds = message.purpose == Purpose::code ? kCodeFallbackSeconds : kFallbackSeconds;
    channels.push_back(json::object{{"channel", "whatsapp"}, {"fallback_time", seconds}});
    channels.push_back(json::object{{"channel", "sms"}});
    by_channel["sms"] = text_message(*sms);
  } else {
    channels.push_back(json::object{{"channel", "whatsapp"}});
  }
  json::object body{{"channels", std::move(channels)},
                    {"recipient", json::object{{"phone_number", message.to.digits()}}},
                    {"message", std::move(by_channel)},
                    {"message_type", message_type(message.purpose)},
                    {"external_id", message.id.str()}};
  add(body, "account_lifecycle_event", lifecycle_event(message.purpose));
  add(body, "sender_id", options.sender_id);
  add(body, "originating_ip", message.client_address);
  add(body, "callback_url", options.callback_url);
  return body;
}

}  // namespace kriya::messaging::telesign
