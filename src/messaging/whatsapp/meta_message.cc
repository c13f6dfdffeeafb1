#include "messaging/whatsapp/meta_message.h"

#include <algorithm>
#include <set>

#include "base/text.h"

namespace kriya::messaging::whatsapp {
namespace {

// Characters, as Meta documents them.
constexpr std::size_t kText = 4096;
constexpr std::size_t kButtonsBody = 1024;
constexpr std::size_t kHeaderOrFooter = 60;
constexpr std::size_t kButtonTitle = 20;
constexpr std::size_t kButtonId = 256;
constexpr std::size_t kRowTitle = 24;
constexpr std::size_t kRowId = 200;
constexpr std::size_t kRowDescription = 72;
constexpr std::size_t kButtons = 3;
constexpr std::size_t kSections = 10;
constexpr std::size_t kRows = 10;

bool fits(std::string_view text, std::size_t most) {
  const auto length = utf8_length(text);
  return length && *length > 0 && *length <= most;
}

bool absent_or_fits(const std::optional<std::string>& text, std::size_t most) { return !text || fits(*text, most); }

std::string_view kind_name(MediaKind kind) {
  switch (kind) {
    case MediaKind::image:
      return "image";
    case MediaKind::video:
      return "video";
    case MediaKind::audio:
      return "audio";
    case MediaKind::document:
      return "document";
    case MediaKind::sticker:
      return "sticker";
  }
  return "document";
}

json::object of_type(std::string_view type, json::value value) { return {{"type", type}, {type, std::move(value)}}; }

json::object text_parameter(std::string_view text) { return of_type("text", json::string(text)); }

std::optional<json::object> media(const Media& media) {
  const bool shows_caption = media.kind != MediaKind::audio && media.kind != MediaKind::sticker;
  if (media.caption && !media.caption->empty() && !shows_caption) return std::nullopt;
  json::object file{{"link", media.url}};
  if (media.caption && !media.caption->empty()) file["caption"] = *media.caption;
  if (media.filename && media.kind == MediaKind::document) file["filename"] = *media.filename;
  return of_type(kind_name(media.kind), std::move(file));
}

json::object component(std::string_view type, json::array parameters) {
  return {{"type", type}, {"parameters", std::move(parameters)}};
}

json::object template_of(std::string_view name, std::string_view language, json::array components) {
  return of_type("template", json::object{{"name", name},
                                          {"language", json::object{{"code", language}}},
                                          {"components", std::move(components)}});
}

std::optional<json::object> template_message(const Template& content) {
  json::array components;
  if (content.header) {
    const MediaKind kind = content.header->kind;
    const bool allowed = kind == MediaKind::image || kind == MediaKind::video || kind == MediaKind::document;
    auto header = allowed && !content.header->caption ? media(*content.header) : std::nullopt;
    if (!header) return std::nullopt;
    components.push_back(component("header", {*std::move(header)}));
  }
  if (!content.body.empty()) {
    json::array parameters;
    for (const std::string& text : content.body) parameters.push_back(text_parameter(text));
    components.push_back(component("body", std::move(parameters)));
  }
  const auto buttons = content.buttons.value_or(std::vector<std::string>{});
  for (std::size_t i = 0; i < buttons.size(); ++i) {
    json::object button = component("button", {of_type("payload", json::string(buttons[i]))});
    button["sub_type"] = "quick_reply";
    button["index"] = std::to_string(i);
    components.push_back(std::move(button));
  }
  return template_of(content.name, content.language, std::move(components));
}

/// Authentication templates take the code twice: in the text, and behind the button that copies it.
json::object code_message(const std::string& code, std::string_view locale, std::string_view name) {
  json::object button = component("button", {text_parameter(code)});
  button["sub_type"] = "url";
  button["index"] = "0";
  std::string language = locale.empty() || locale == "en" ? "en_US" : std::string(locale);
  std::ranges::replace(language, '-', '_');
  return template_of(name, language, {component("body", {text_parameter(code)}), std::move(button)});
}

json::object interactive(std::string_view type, std::string_view body, const std::optional<std::string>& header,
                         const std::optional<std::string>& footer, json::object action) {
  json::object content{{"type", type}, {"body", json::object{{"text", body}}}, {"action", std::move(action)}};
  if (header) content["header"] = text_parameter(*header);
  if (footer) content["footer"] = json::object{{"text", *footer}};
  return of_type("interactive", std::move(content));
}

std::optional<json::object> buttons_message(const Buttons& content) {
  if (content.buttons.empty() || content.buttons.size() > kButtons || !fits(content.body, kButtonsBody) ||
      !absent_or_fits(content.header, kHeaderOrFooter) || !absent_or_fits(content.footer, kHeaderOrFooter)) {
    return std::nullopt;
  }
  json::array buttons;
  std::set<std::string_view> titles;
  for (const Button& button : content.buttons) {
    if (!fits(button.id, kButtonId) || !fits(button.title, kButtonTitle)) return std::nullopt;
    if (!titles.insert(button.title).second) return std::nullopt;
    buttons.push_back(of_type("reply", json::object{{"id", button.id}, {"title", button.title}}));
  }
  return interactive("button", content.body, content.header, content.footer, {{"buttons", std::move(buttons)}});
}

std::optional<json::object> row(const ListRow& content) {
  if (!fits(content.id, kRowId) || !fits(content.title, kRowTitle) ||
      !absent_or_fits(content.description, kRowDescription)) {
    return std::nullopt;
  }
  json::object row{{"id", content.id}, {"title", content.title}};
  if (content.description) row["description"] = *content.description;
  return row;
}

std::optional<json::object> list_message(const List& content) {
  if (content.sections.empty() || content.sections.size() > kSections || !fits(content.body, kText) ||
      !fits(content.button, kButtonTitle) || !absent_or_fits(content.header, kHeaderOrFooter) ||
      !absent_or_fits(content.footer, kHeaderOrFooter)) {
    return std::nullopt;
  }
  json::array sections;
  std::size_t row_count = 0;
  for (const ListSection& section : content.sections) {
    row_count += section.rows.size();
    const bool untitled = section.title.empty() && content.sections.size() == 1;  // one alone needs no title
    if (section.rows.empty() || row_count > kRows || !(untitled || fits(section.title, kRowTitle))) return std::nullopt;
    json::array rows;
    for (const ListRow& item : section.rows) {
      auto written = row(item);
      if (!written) return std::nullopt;
      rows.push_back(*std::move(written));
    }
    json::object written{{"rows", std::move(rows)}};
    if (!untitled) written["title"] = section.title;
    sections.push_back(std::move(written));
  }
  return interactive("list", content.body, content.header, content.footer,
                     {{"button", content.button}, {"sections", std::move(sections)}});
}

}  // namespace

std::optional<json::object> meta_content(const Content& content, std::string_view code_template) {
  if (content.text) {
    if (!fits(*content.text, kText)) return std::nullopt;
    return of_type("text", json::object{{"preview_url", false}, {"body", *content.text}});
  }
  if (content.code) {
    if (!content.code->code || code_template.empty()) return std::nullopt;
    return code_message(*content.code->code, content.code->locale, code_template);
  }
  if (content.template_) return template_message(*content.template_);
  if (content.media) return media(*content.media);
  if (content.buttons) return buttons_message(*content.buttons);
  if (content.list) return list_message(*content.list);
  return std::nullopt;
}

json::object meta_message(const Outgoing& message, json::object content) {
  json::object body{{"messaging_product", "whatsapp"},
                    {"recipient_type", "individual"},
                    {"to", message.to.str()},
                    {"biz_opaque_callback_data", message.id.str()}};
  for (auto& member : content) body.emplace(member.key(), std::move(member.value()));
  return body;
}

}  // namespace kriya::messaging::whatsapp
