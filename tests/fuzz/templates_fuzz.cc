// Any bytes as a template file, as an Accept-Language header and as the text of an SMS: nothing may crash, and what is
// taken for a template must be one that a code can be put into without changing its last line.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/text.h"
#include "messaging/sms_segments.h"
#include "verification/accept_language.h"
#include "verification/message_texts.h"

namespace {

using namespace kriya;

/// Unlike assert, also in optimised builds.
void demand(bool held) {
  if (!held) std::abort();
}

std::size_t occurrences(std::string_view text, std::string_view word) {
  std::size_t count = 0;
  for (std::size_t at = text.find(word); at != text.npos; at = text.find(word, at + word.size())) ++count;
  return count;
}

void check_template(std::string_view input) {
  const auto read = verification::parse_template(input);
  if (!read) {
    demand(read.error().code == Errc::bad_request && utf8_length(read.error().detail));
    return;
  }
  demand(occurrences(read->code, "{code}") == 1 && occurrences(read->phone_changed, "{code}") == 0);
  for (const std::string& text : {read->code, read->phone_changed}) {
    demand(utf8_length(text) && !has_control_character(text));
    demand(occurrences(text, "{") == occurrences(text, "{code}") + occurrences(text, "{service}"));
  }
  demand(std::ranges::all_of(read->countries, [](const std::string& country) { return country.size() == 2; }));
}

void check_languages(std::string_view input) {
  const auto tags = verification::accepted_languages(input);
  demand(tags.size() <= 32);
  for (const std::string& tag : tags) {
    demand(!tag.empty() && tag.size() <= 35 && tag == to_lower(tag) && tag.find_first_of(" ,;*") == tag.npos);
  }
}

void check_segments(std::string_view input) {
  const auto size = messaging::sms_size(input);
  const bool gsm = size.encoding == messaging::SmsEncoding::gsm7;
  demand(size.units <= static_cast<std::int64_t>(2 * input.size()));
  demand(size.segments >= 1 && size.units <= size.segments * (gsm ? 160 : 70));
  demand(size.units <= (gsm ? 160 : 70) || size.units <= size.segments * (gsm ? 153 : 67));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  check_template(input);
  check_languages(input);
  check_segments(input);
  return 0;
}
