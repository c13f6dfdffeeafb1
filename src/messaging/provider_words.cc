#include "messaging/provider_words.h"

#include <algorithm>

#include "base/text.h"

namespace kriya::messaging {
namespace {

constexpr std::size_t kLongestReference = 256;
constexpr std::size_t kLongestWords = 200;

void tame(std::string& text, std::size_t longest = kLongestWords) {
  const auto byte = [](char c) { return static_cast<unsigned char>(c); };
  if (!utf8_length(text)) std::ranges::replace_if(text, [&](char c) { return byte(c) >= 0x80; }, '?');
  std::ranges::replace_if(text, [&](char c) { return byte(c) < 0x20 || c == 0x7f; }, ' ');
  if (text.size() <= longest) return;
  std::size_t end = longest;
  while (end > 0 && (byte(text[end]) & 0xc0) == 0x80) --end;  // not within a character
  text.resize(end);
}

}  // namespace

SendOutcome tamed(SendOutcome outcome) {
  tame(outcome.reference, kLongestReference);
  tame(outcome.code);
  tame(outcome.detail);
  return outcome;
}

StatusReport tamed(StatusReport report) {
  tame(report.reference, kLongestReference);
  tame(report.code);
  tame(report.detail);
  tame(report.at);
  if (report.cost) tame(*report.cost);
  if (report.currency) tame(*report.currency);
  return report;
}

InboundMessage tamed(InboundMessage message) {
  tame(message.reference, kLongestReference);
  return message;
}

}  // namespace kriya::messaging
