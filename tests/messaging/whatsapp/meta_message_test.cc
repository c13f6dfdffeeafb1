#include "messaging/whatsapp/meta_message.h"

#include <gtest/gtest.h>

namespace kriya::messaging::whatsapp {
namespace {

json::value parsed(std::string_view text) { return parse_json(text).value(); }

json::value written(const Content& content, std::string_view code_template = "") {
  const auto message = meta_content(content, code_template);
  return message ? json::value(*message) : json::value(nullptr);
}

Media media(MediaKind kind, std::optional<std::string> caption = {}, std::optional<std::string> filename = {}) {
  return {kind, "https://example.com/file", std::move(caption), std::move(filename)};
}

TEST(MetaMessage, WritesText) {
  Content content;
  content.text = "Hello";
  EXPECT_EQ(written(content), parsed(R"({"type":"text","text":{"preview_url":false,"body":"Hello"}})"));
  content.text = std::string(4097, 'x');
  EXPECT_TRUE(written(content).is_null());
}

TEST(MetaMessage, WritesATemplateWithHeaderVariablesAndButtons) {
  Content content;
  content.template_ =
      Template{"order_shipped", "en_US", {"Asha"}, media(MediaKind::image), std::vector<std::string>{"yes", "no"}};
  EXPECT_EQ(written(content),
            parsed(R"({"type":"template","template":{"name":"order_shipped","language":{"code":"en_US"},"components":[
    {"type":"header","parameters":[{"type":"image","image":{"link":"https://example.com/file"}}]},
    {"type":"body","parameters":[{"type":"text","text":"Asha"}]},
    {"type":"button","sub_type":"quick_reply","index":"0","parameters":[{"type":"payload","payload":"yes"}]},
    {"type":"button","sub_type":"quick_reply","index":"1","parameters":[{"type":"payload","payload":"no"}]}]}})"));
}

TEST(MetaMessage, WritesACodeIntoTheTextAndBehindTheButton) {
  Content content;
  content.code = Code{"123456", "Your code is 123456.", "en"};
  EXPECT_EQ(written(content, "sign_in"),
            parsed(R"({"type":"template","template":{"name":"sign_in","language":{"code":"en_US"},"components":[
    {"type":"body","parameters":[{"type":"text","text":"123456"}]},
    {"type":"button","sub_type":"url","index":"0","parameters":[{"type":"text","text":"123456"}]}]}})"));
  EXPECT_TRUE(written(content).is_null()) << "no template, no codes";
  content.code->code.reset();
  EXPECT_TRUE(written(content, "sign_in").is_null()) << "Meta makes no codes";
}

TEST(MetaMessage, WritesMediaByLink) {
  Content content;
  content.media = media(MediaKind::document, "Your bill", "bill.pdf");
  EXPECT_EQ(
      written(content),
      parsed(
          R"({"type":"document","document":{"link":"https://example.com/file","caption":"Your bill","filename":"bill.pdf"}})"));
  content.media = media(MediaKind::sticker);
  EXPECT_EQ(written(content), parsed(R"({"type":"sticker","sticker":{"link":"https://example.com/file"}})"));
  content.media = media(MediaKind::audio, "unheard");
  EXPECT_TRUE(written(content).is_null());
}

TEST(MetaMessage, WritesButtons) {
  Content content;
  content.buttons = Buttons{"Sure?", {{"y", "Yes"}, {"n", "No"}}, "Order 7", "Kriya"};
  EXPECT_EQ(written(content),
            parsed(R"({"type":"interactive","interactive":{"type":"button","header":{"type":"text","text":"Order 7"},
    "body":{"text":"Sure?"},"footer":{"text":"Kriya"},"action":{"buttons":[{"type":"reply","reply":{"id":"y","title":"Yes"}},
    {"type":"reply","reply":{"id":"n","title":"No"}}]}}})"));
  content.buttons->buttons = {{"1", "A"}, {"2", "B"}, {"3", "C"}, {"4", "D"}};
  EXPECT_TRUE(written(content).is_null()) << "three at most";
  content.buttons->buttons = {{"1", "A"}, {"2", "A"}};
  EXPECT_TRUE(written(content).is_null()) << "of different titles";
  content.buttons->buttons = {{"1", std::string(21, 'x')}};
  EXPECT_TRUE(written(content).is_null());
}

TEST(MetaMessage, WritesAList) {
  Content content;
  content.list = List{"Pick", "Open", {{"Today", {{"1", "Nine", "o'clock"}, {"2", "Ten", {}}}}}, {}, {}};
  EXPECT_EQ(
      written(content),
      parsed(R"({"type":"interactive","interactive":{"type":"list","body":{"text":"Pick"},"action":{"button":"Open",
    "sections":[{"title":"Today","rows":[{"id":"1","title":"Nine","description":"o'clock"},{"id":"2","title":"Ten"}]}]}}})"));
  content.list->sections = {{"A", std::vector<ListRow>(6, {"1", "x", {}})},
                            {"B", std::vector<ListRow>(5, {"1", "x", {}})}};
  EXPECT_TRUE(written(content).is_null()) << "ten rows in all";
  content.list->sections = {{"A", {}}};
  EXPECT_TRUE(written(content).is_null());
}

TEST(MetaMessage, AddressesItAndBearsOurId) {
  Outgoing outgoing;
  outgoing.id = *Uuid::parse("01939dd6-59a0-7000-8000-0123456789ab");
  outgoing.to = *PhoneNumber::parse("+14155550123");
  EXPECT_EQ(json::value(meta_message(outgoing, {{"type", "text"}})),
            parsed(R"({"messaging_product":"whatsapp","recipient_type":"individual","to":"+14155550123",
              "biz_opaque_callback_data":"01939dd6-59a0-7000-8000-0123456789ab","type":"text"})"));
}

}  // namespace
}  // namespace kriya::messaging::whatsapp
