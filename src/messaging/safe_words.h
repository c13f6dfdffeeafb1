// A provider's words, made fit for records and logs.
#pragma once

#include <string>
#include <string_view>

namespace kriya::messaging {

/// Without digits in a row, quotations, and what follows a colon: providers echo there what we sent, and that may be a
/// number, a code or a text. At most 160 characters of ASCII.
std::string safe_words(std::string_view words);

}  // namespace kriya::messaging
