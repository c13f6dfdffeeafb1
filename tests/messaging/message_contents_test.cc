#include "messaging/message_contents.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kriya::messaging {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> bad_fields(const Content& content) {
  schema::FieldErrors errors;
  check_whatsapp(content, errors);
  std::vector<std::string> fields;
  if (errors.empty()) return fields;
  for (const FieldError& one : std::move(errors).as_error().fields) fields.push_back(one.field);
  return fields;
}

bool is_sms(const std::string& text) {
  schema::FieldErrors errors;
  check_sms_text(text, errors);
  return errors.empty();
}

Media picture() { return {MediaKind::image, "https://example.com/a.png", "A parcel", {}}; }

List list_of(std::size_t sections, std::size_t rows) {
  List list{.body = "When?", .button = "Choose", .sections = {}, .header = {}, .footer = {}};
  for (std::size_t s = 0; s < sections; ++s) {
    ListSection section{"Day", {}};
    for (std::size_t r = 0; r < rows; ++r) {
      section.rows.push_back({std::to_string(s) + "-" + std::to_string(r), "Morning", {}});
    }
    list.sections.push_back(section);
  }
  return list;
}

TEST(SmsText, HasOneToSixteenHundredCharacters) {
  EXPECT_FALSE(is_sms(""));
  EXPECT_TRUE(is_sms("x"));
  EXPECT_TRUE(is_sms("a\nb\tc"));
  std::string hindi;
  for (int i = 0; i < 1600; ++i) hindi += "क";
  EXPECT_TRUE(is_sms(hindi));
  EXPECT_FALSE(is_sms(hindi + "क"));
  EXPECT_FALSE(is_sms("a\x1b[2J"));
  EXPECT_FALSE(is_sms("\xff"));
}

TEST(SmsText, IsMoreThanWhiteSpace) {
  for (const char* blank : {" ", "    ", "\n", " \t\r\n "}) EXPECT_FALSE(is_sms(blank));
  EXPECT_TRUE(is_sms(" x "));
}

TEST(WhatsAppContent, IsExactlyOne) {
  Content content;
  EXPECT_THAT(bad_fields(content), ElementsAre("text"));
  content.text = "Hello";
  EXPECT_THAT(bad_fields(content), IsEmpty());
  content.media = picture();
  EXPECT_THAT(bad_fields(content), ElementsAre("text"));
}

TEST(WhatsAppContent, SaysInASentenceThatItMustBeExactlyOne) {
  const auto sentence = [](const Content& content) {
    schema::FieldErrors errors;
    check_whatsapp(content, errors);
    return std::move(errors).as_error().detail;
  };
  Content content;
  EXPECT_EQ(sentence(content),
            "A field is not acceptable: text must be given, or one of template, media, buttons and list instead.");
  content.media = picture();
  content.list = list_of(1, 1);
  EXPECT_EQ(sentence(content),
            "A field is not acceptable: media must not come with list: exactly one of text, template, media, buttons "
            "and list is allowed.");
}

TEST(WhatsAppContent, ChecksMedia) {
  Content content;
  content.media = picture();
  EXPECT_THAT(bad_fields(content), IsEmpty());
  content.media = Media{MediaKind::audio, "http://example.com/a.mp3", "words", "a.mp3"};
  EXPECT_THAT(bad_fields(content), ElementsAre("media.url", "media.caption", "media.filename"));
  for (const char* url : {"", "https://", "https://exa mple.com", "ftp://example.com", "https://e.com/\n"}) {
    content.media = Media{MediaKind::image, url, {}, {}};
    EXPECT_THAT(bad_fields(content), ElementsAre("media.url")) << url;
  }
}

TEST(WhatsAppContent, ChecksTemplates) {
  Content content;
  content.template_ = Template{"parcel_here", "en_US", {"Asha", "today"}, picture(), std::vector<std::string>{"yes"}};
  EXPECT_THAT(bad_fields(content), IsEmpty());
  content.template_ = Template{
      "Parcel here", "e", {""}, Media{MediaKind::sticker, "https://e.com/s", {}, {}}, std::vector<std::string>(4, "x")};
  EXPECT_THAT(bad_fields(content), ElementsAre("template.name", "template.language", "template.body[0]",
                                               "template.header.kind", "template.buttons"));
}

TEST(WhatsAppContent, ChecksButtons) {
  Content content;
  content.buttons = Buttons{"Coming?", {{"y", "Yes"}, {"n", "No"}, {"m", "Maybe"}}, "Dinner", "Thanks"};
  EXPECT_THAT(bad_fields(content), IsEmpty());
  content.buttons->buttons.push_back({"y", "Yes"});
  EXPECT_THAT(bad_fields(content), ElementsAre("buttons.buttons", "buttons.buttons[3].id", "buttons.buttons[3].title"));
  content.buttons = Buttons{"", {{"y", std::string(21, 'x')}}, std::string(61, 'x'), {}};
  EXPECT_THAT(bad_fields(content), ElementsAre("buttons.body", "buttons.header", "buttons.buttons[0].title"));
}

TEST(WhatsAppContent, ChecksLists) {
  Content content;
  content.list = list_of(2, 5);
  EXPECT_THAT(bad_fields(content), IsEmpty());
  content.list = list_of(2, 6);
  EXPECT_THAT(bad_fields(content), ElementsAre("list.sections[1].rows"));
  content.list = list_of(1, 1);
  content.list->sections[0].title = "";
  EXPECT_THAT(bad_fields(content), IsEmpty());
  content.list->button = std::string(21, 'x');
  content.list->sections[0].rows[0].description = std::string(73, 'x');
  EXPECT_THAT(bad_fields(content), ElementsAre("list.button", "list.sections[0].rows[0].description"));
}

}  // namespace
}  // namespace kriya::messaging
