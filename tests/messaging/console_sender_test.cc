#include "messaging/console_sender.h"

#include <gtest/gtest.h>

#include "runtime/io_threads.h"

namespace kriya::messaging {
namespace {

std::vector<std::string> printed(Channel channel, Content content) {
  std::vector<std::string> lines;
  ConsoleSender console([&](const std::string& line) { lines.push_back(line); });
  EXPECT_TRUE(console.carries(channel, content));
  const auto outcome = run_to_completion(console.send({.id = {},
                                                       .to = *PhoneNumber::parse("+14155550123"),
                                                       .channel = channel,
                                                       .content = std::move(content),
                                                       .purpose = Purpose::code,
                                                       .client_address = {}},
                                                      Deadline::after(std::chrono::seconds(1))));
  EXPECT_EQ(outcome.kind, SendOutcome::Kind::accepted);
  return lines;
}

Content text(std::string words) {
  Content content;
  content.text = std::move(words);
  return content;
}

TEST(ConsoleSender, PrintsOneLineAMessageWithNewlinesEscaped) {
  Content content;
  content.code = Code{"482913", "Your code is 482913.\n\n@example.com #482913", "en"};
  EXPECT_EQ(printed(Channel::sms, content),
            std::vector<std::string>{R"(SMS to +14155550123: Your code is 482913.\n\n@example.com #482913)"});
}

TEST(ConsoleSender, LetsNoTextMoveTheCursorOrForgeALine) {
  EXPECT_EQ(printed(Channel::sms, text("a\r\nSMS to +1: b\x1b[2J")),
            std::vector<std::string>{R"(SMS to +14155550123: a\r\nSMS to +1: b [2J)"});
}

TEST(ConsoleSender, NamesTheChannelAndPutsOtherContentsIntoWords) {
  Content buttons;
  buttons.buttons = Buttons{"Coming?", {{"y", "Yes"}, {"n", "No"}}, {}, {}};
  EXPECT_EQ(printed(Channel::whatsapp, buttons),
            std::vector<std::string>{"WhatsApp to +14155550123: Coming? [Yes] [No]"});
  EXPECT_EQ(printed(Channel::voice, text("Hello")), std::vector<std::string>{"Voice to +14155550123: Hello"});
}

TEST(ConsoleSender, CarriesNoCodeThatTheProviderWouldMake) {
  Content content;
  content.code = Code{std::nullopt, "", "en"};
  EXPECT_FALSE(ConsoleSender([](const std::string&) {}).carries(Channel::sms, content));
}

}  // namespace
}  // namespace kriya::messaging
