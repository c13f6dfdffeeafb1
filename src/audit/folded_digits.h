// Numbers in the digits of any script, as numbers in ASCII.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kriya::audit {

/// A text whose numbers are in ASCII.
struct Folded {
  std::string text;
  std::vector<std::size_t> places;  // of each of its bytes, and of its end, in what was folded
};

/// With the digits of other scripts, and the plus, spaces and hyphens that stand between them, in ASCII; nullopt: there
/// are none. Bytes that are no UTF-8 stay as they are.
std::optional<Folded> folded(std::string_view text);

std::string with_ascii_digits(std::string_view text);

}  // namespace kriya::audit
