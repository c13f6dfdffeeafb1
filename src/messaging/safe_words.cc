#include "messaging/safe_words.h"

namespace kriya::messaging {

std::string safe_words(std::string_view words) {
  constexpr std::size_t longest = 160;
  // What follows a colon is mostly the value that the provider did not like.
  if (const auto colon = words.find(':'); colon != std::string_view::npos) words = words.substr(0, colon);
  std::string safe;
  std::size_t digits = 0;
  char quote = 0;
  for (const char c : words) {
    if (safe.size() >= longest) break;
    if (quote != 0 || c == '"' || c == '\'') {
      quote = quote == 0 ? c : (c == quote ? '\0' : quote);
      continue;
    }
    if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) > 0x7e) continue;
    if (c >= '0' && c <= '9' && ++digits > 2) {
      if (digits == 3) safe.replace(safe.size() - 2, 2, "...");
      continue;
    }
    if (c < '0' || c > '9') digits = 0;
    safe += c;
  }
  return safe;
}

}  // namespace kriya::messaging
