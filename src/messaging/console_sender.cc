#include "messaging/console_sender.h"

#include <cstdio>

namespace kriya::messaging {
namespace {

std::string_view name_of(Channel channel) {
  switch (channel) {
    case Channel::sms:
      return "SMS";
    case Channel::whatsapp:
      return "WhatsApp";
    case Channel::voice:
      return "Voice";
  }
  return "";
}

/// Control characters would let a text move the terminal's cursor, or look like a second message.
std::string on_one_line(std::string_view text) {
  std::string line;
  for (const char c : text) {
    if (c == '\n') {
      line += "\\n";
    } else if (c == '\r') {
      line += "\\r";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      line += ' ';
    } else {
      line += c;
    }
  }
  return line;
}

std::string in_words(const Media& media) {
  std::string words = "[" + std::string(schema::word_of(media.kind)) + " " + media.url + "]";
  if (media.caption) words += " " + *media.caption;
  return words;
}

std::string in_words(const Template& given) {
  std::string words = "[template " + given.name + " " + given.language + "]";
  if (given.header) words += " " + in_words(*given.header);
  for (const std::string& variable : given.body) words += " | " + variable;
  return words;
}

std::string in_words(const Buttons& given) {
  std::string words = given.body;
  for (const Button& button : given.buttons) words += " [" + button.title + "]";
  return words;
}

std::string in_words(const List& given) {
  std::string words = given.body + " [" + given.button + ":";
  for (const ListSection& section : given.sections) {
    for (const ListRow& row : section.rows) words += " " + row.title + ";";
  }
  words.back() = ']';
  return words;
}

}  // namespace

std::string in_words(const Content& content) {
  std::string words;
  if (content.text) words = *content.text;
  if (content.code) words = content.code->text;
  if (content.template_) words = in_words(*content.template_);
  if (content.media) words = in_words(*content.media);
  if (content.buttons) words = in_words(*content.buttons);
  if (content.list) words = in_words(*content.list);
  return on_one_line(words);
}

/// A code that the provider would make is none to print.
bool ConsoleSender::carries(Channel channel, const Content& content) const {
  if (content.code) return content.code->code.has_value();
  return channel == Channel::whatsapp || content.text.has_value();
}

Task<SendOutcome> ConsoleSender::send(Outgoing message, Deadline) {
  print_(std::string(name_of(message.channel)) + " to " + message.to.str() + ": " + in_words(message.content));
  co_return SendOutcome{.kind = SendOutcome::Kind::accepted,
                        .status = Status::delivered,
                        .reference = {},
                        .code = {},
                        .detail = {},
                        .retryable = false,
                        .provider_down = false,
                        .retry_after = {}};
}

void print_to_standard_output(const std::string& line) {
  const std::string whole = line + "\n";
  std::fwrite(whole.data(), 1, whole.size(), stdout);  // holds the stream's lock
  std::fflush(stdout);
}

}  // namespace kriya::messaging
