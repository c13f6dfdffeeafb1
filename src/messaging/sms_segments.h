// What a text costs as SMS.
#pragma once

#include <cstdint>
#include <string_view>

namespace kriya::messaging {

/// One character outside of the GSM alphabet makes the whole text UCS-2.
enum class SmsEncoding { gsm7, ucs2 };

struct SmsSize {
  SmsEncoding encoding = SmsEncoding::gsm7;
  std::int64_t units = 0;     // septets, of which ^ { } \ [ ] ~ | and the euro sign take two; or UTF-16 units
  std::int64_t segments = 0;  // 160 septets or 70 units; of a longer text 153 or 67 each
};

/// Reckons as networks do (3GPP TS 23.038 and 23.040): nothing that takes two units is cut in half. Bytes that are no
/// UTF-8 count as one replacement character each. An empty text is one segment.
SmsSize sms_size(std::string_view text);

}  // namespace kriya::messaging
