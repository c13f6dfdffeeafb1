// Text from others, made fit for a terminal.
#pragma once

#include <string>
#include <string_view>

namespace kriya::cli {

/// Without what could steer a terminal or turn the direction of the text: control characters but line breaks and tabs,
/// C1, bidirectional overrides. What is no UTF-8 becomes "?".
std::string terminal_text(std::string_view text);

/// The same on one line, cut after so many characters, with "…" where something is missing.
std::string terminal_line(std::string_view text, std::size_t most);

}  // namespace kriya::cli
