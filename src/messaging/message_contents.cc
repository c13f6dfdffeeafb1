#include "messaging/message_contents.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "base/text.h"

namespace kriya::messaging {
namespace {

using schema::FieldErrors;

constexpr std::size_t kSmsText = 1600;
constexpr std::size_t kText = 4096;
constexpr std::size_t kCaption = 1024;
constexpr std::size_t kFilename = 240;
constexpr std::size_t kUrl = 2048;
constexpr std::size_t kTemplateName = 512;
constexpr std::size_t kVariable = 1024;
constexpr std::size_t kVariables = 50;
constexpr std::size_t kButtonsBody = 1024;
constexpr std::size_t kButtons = 3;
constexpr std::size_t kButtonId = 256;
constexpr std::size_t kButtonTitle = 20;
constexpr std::size_t kListBody = 4096;
constexpr std::size_t kSections = 10;
constexpr std::size_t kRows = 10;  // of all sections together
constexpr std::size_t kRowId = 200;
constexpr std::size_t kRowTitle = 24;
constexpr std::size_t kRowDescription = 72;
constexpr std::size_t kHeadOrFoot = 60;

/// Line breaks and tabs are text; other control characters are not.
bool has_stray_control(std::string_view text) {
  return std::ranges::any_of(text, [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\r' && c != '\t') || c == 0x7f;
  });
}

void check_length(std::string_view text, std::size_t longest, FieldErrors& errors, std::size_t shortest = 1) {
  const auto length = utf8_length(text);
  if (!length || *length < shortest || *length > longest) {
    errors.add("must be " + std::to_string(shortest) + " to " + std::to_string(longest) + " characters");
  } else if (has_stray_control(text)) {
    errors.add("must not hold control characters");
  }
}

void check(std::string_view member, std::string_view text, std::size_t longest, FieldErrors& errors) {
  errors.inside(member, [&] { check_length(text, longest, errors); });
}
void check(std::string_view member, const std::optional<std::string>& text, std::size_t longest, FieldErrors& errors) {
  if (text) check(member, std::string_view(*text), longest, errors);
}

template <class Range, class Check>
void check_each(std::string_view member, const Range& range, FieldErrors& errors, Check check_one) {
  for (std::size_t i = 0; i < range.size(); ++i) {
    errors.inside(member, [&] { errors.inside("[" + std::to_string(i) + "]", [&] { check_one(range[i]); }); });
  }
}

void check_count(std::string_view member, std::size_t count, std::size_t most, FieldErrors& errors) {
  if (count >= 1 && count <= most) return;
  errors.inside(member, [&] { errors.add("must be 1 to " + std::to_string(most)); });
}

/// `seen`: the texts before; people and webhooks tell the choices apart by them.
void check_unlike(std::string_view member, const std::string& text, std::set<std::string>& seen, FieldErrors& errors) {
  if (!seen.insert(text).second) errors.inside(member, [&] { errors.add("must not be there twice"); });
}

void check_media(const Media& media, FieldErrors& errors) {
  const auto visible = [](char c) { return c > ' ' && c < 0x7f; };
  errors.inside("url", [&] {
    constexpr std::string_view kScheme = "https://";
    const bool https = equals_ignoring_case(std::string_view(media.url).substr(0, kScheme.size()), kScheme);
    if (!https || media.url.size() <= kScheme.size() || media.url.size() > kUrl ||
        !std::ranges::all_of(media.url, visible)) {
      errors.add("must be an https URL of at most " + std::to_string(kUrl) + " characters");
    }
  });
  check("caption", media.caption, kCaption, errors);
  if (media.caption && (media.kind == MediaKind::audio || media.kind == MediaKind::sticker)) {
    errors.inside("caption", [&] { errors.add("is not for audio and stickers"); });
  }
  check("filename", media.filename, kFilename, errors);
  if (media.filename && media.kind != MediaKind::document) {
    errors.inside("filename", [&] { errors.add("is for documents only"); });
  }
}

void check_template(const Template& given, FieldErrors& errors) {
  errors.inside("name", [&] {
    const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; };
    if (given.name.empty() || given.name.size() > kTemplateName || !std::ranges::all_of(given.name, allowed)) {
      errors.add("must be lower-case letters, digits and underscores");
    }
  });
  errors.inside("language", [&] {
    const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
    if (given.language.size() < 2 || given.language.size() > 10 || !std::ranges::all_of(given.language, allowed)) {
      errors.add("must be a language like en or en_US");
    }
  });
  if (given.body.size() > kVariables) check_count("body", given.body.size(), kVariables, errors);
  check_each("body", given.body, errors, [&](const std::string& one) { check_length(one, kVariable, errors); });
  if (given.header) {
    errors.inside("header", [&] {
      check_media(*given.header, errors);
      if (given.header->kind == MediaKind::audio || given.header->kind == MediaKind::sticker) {
        errors.inside("kind", [&] { errors.add("must be image, video or document in a header"); });
      }
    });
  }
  if (!given.buttons) return;
  check_count("buttons", given.buttons->size(), kButtons, errors);
  check_each("buttons", *given.buttons, errors, [&](const std::string& one) { check_length(one, kButtonId, errors); });
}

void check_buttons(const Buttons& given, FieldErrors& errors) {
  check("body", std::string_view(given.body), kButtonsBody, errors);
  check("header", given.header, kHeadOrFoot, errors);
  check("footer", given.footer, kHeadOrFoot, errors);
  check_count("buttons", given.buttons.size(), kButtons, errors);
  std::set<std::string> ids, titles;
  check_each("buttons", given.buttons, errors, [&](const Button& button) {
    check("id", std::string_view(button.id), kButtonId, errors);
    check("title", std::string_view(button.title), kButtonTitle, errors);
    check_unlike("id", button.id, ids, errors);
    check_unlike("title", button.title, titles, errors);
  });
}

void check_list(const List& given, FieldErrors& errors) {
  check("body", std::string_view(given.body), kListBody, errors);
  check("button", std::string_view(given.button), kButtonTitle, errors);
  check("header", given.header, kHeadOrFoot, errors);
  check("footer", given.footer, kHeadOrFoot, errors);
  check_count("sections", given.sections.size(), kSections, errors);
  std::size_t rows = 0;
  std::set<std::string> ids;
  check_each("sections", given.sections, errors, [&](const ListSection& section) {
    // One section alone needs no title.
    const std::size_t shortest = given.sections.size() > 1 ? 1 : 0;
    errors.inside("title", [&] { check_length(section.title, kRowTitle, errors, shortest); });
    rows += section.rows.size();
    if (section.rows.empty() || rows > kRows) {
      errors.inside("rows", [&] { errors.add("must be 1 to 10, of all sections together"); });
    }
    check_each("rows", section.rows, errors, [&](const ListRow& row) {
      check("id", std::string_view(row.id), kRowId, errors);
      check("title", std::string_view(row.title), kRowTitle, errors);
      check("description", row.description, kRowDescription, errors);
      check_unlike("id", row.id, ids, errors);
    });
  });
}

void check_one_content(const Content& content, FieldErrors& errors) {
  std::vector<std::string_view> given;
  if (content.text) given.emplace_back("text");
  if (content.template_) given.emplace_back("template");
  if (content.media) given.emplace_back("media");
  if (content.buttons) given.emplace_back("buttons");
  if (content.list) given.emplace_back("list");
  if (given.empty()) {
    errors.inside("text", [&] { errors.add("must be given, or one of template, media, buttons and list instead"); });
  } else if (given.size() > 1) {
    errors.inside(given[0], [&] {
      errors.add("must not come with " + std::string(given[1]) +
                 ": exactly one of text, template, media, buttons and list is allowed");
    });
  }
}

}  // namespace

void check_sms_text(std::string_view text, FieldErrors& errors) {
  check_length(text, kSmsText, errors);
  if (!text.empty() && trim(text).empty()) errors.add("must hold more than white space");
}

void check_whatsapp(const Content& content, FieldErrors& errors) {
  check_one_content(content, errors);
  check("text", content.text, kText, errors);
  if (content.template_) errors.inside("template", [&] { check_template(*content.template_, errors); });
  if (content.media) errors.inside("media", [&] { check_media(*content.media, errors); });
  if (content.buttons) errors.inside("buttons", [&] { check_buttons(*content.buttons, errors); });
  if (content.list) errors.inside("list", [&] { check_list(*content.list, errors); });
}

}  // namespace kriya::messaging
