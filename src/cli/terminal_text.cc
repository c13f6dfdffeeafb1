#include "cli/terminal_text.h"

#include <algorithm>

#include "base/text.h"

namespace kriya::cli {
namespace {

/// The bytes of the character at the beginning; 1 where they are none.
std::string_view first_character(std::string_view text) {
  for (std::size_t size = 1; size <= std::min<std::size_t>(4, text.size()); ++size) {
    if (utf8_length(text.substr(0, size))) return text.substr(0, size);
  }
  return {};
}

}  // namespace

std::string terminal_text(std::string_view text) {
  std::string fit;
  fit.reserve(text.size());
  while (!text.empty()) {
    const std::string_view character = first_character(text);
    if (character.empty()) {
      fit += '?';
    } else if (character == "\n" || character == "\t" || !has_control_character(character)) {
      fit += character;
    }
    text.remove_prefix(std::max<std::size_t>(character.size(), 1));
  }
  return fit;
}

std::string terminal_line(std::string_view text, std::size_t most) {
  const std::string fit = terminal_text(text.substr(0, most * 4 + 4));
  std::string line;
  std::string_view rest = fit;
  for (std::size_t count = 0; !rest.empty() && count < most; ++count) {
    const std::string_view character = first_character(rest);
    line += character == "\n" || character == "\t" ? " " : character;
    rest.remove_prefix(character.size());
  }
  return rest.empty() && text.size() <= most * 4 + 4 ? line : line + "…";
}

}  // namespace kriya::cli
