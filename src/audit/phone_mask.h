// A number as it may be shown: its country code and its last four digits.
#pragma once

#include <string>
#include <string_view>

namespace kriya::audit {

/// Empty when there are too few or too many digits in `text` for a number. Not `look_up`: without asking how its
/// country writes it, which costs microseconds.
std::string mask_phone(std::string_view text, bool look_up = true);

}  // namespace kriya::audit
