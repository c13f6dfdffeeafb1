#include "messaging/sms_segments.h"

#include <algorithm>
#include <array>
#include <vector>

namespace kriya::messaging {
namespace {

constexpr std::u32string_view kBasic =
    U"@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    U"abcdefghijklmnopqrstuvwxyzäöñüà";
constexpr std::u32string_view kExtension = U"\f^{}\\[~]|€";

constexpr char32_t kReplacement = 0xFFFD;

/// One code point from the front of the text; the replacement character, and one byte, when there is none.
char32_t take(std::string_view& text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  const std::size_t size = first < 0x80   ? 1
                           : first < 0xC2 ? 0
                           : first < 0xE0 ? 2
                           : first < 0xF0 ? 3
                           : first < 0xF5 ? 4
                                          : 0;
  constexpr std::array<unsigned char, 5> kPayload{0, 0x7F, 0x1F, 0x0F, 0x07};
  bool good = size > 0 && size <= text.size();
  char32_t point = good ? first & kPayload[size] : 0U;
  for (std::size_t i = 1; good && i < size; ++i) {
    good = (byte(i) & 0xC0) == 0x80;
    point = point << 6 | (byte(i) & 0x3F);
  }
  if (good && ((size == 3 && (point < 0x800 || (point >= 0xD800 && point < 0xE000))) ||
               (size == 4 && (point < 0x10000 || point > 0x10FFFF)))) {
    good = false;
  }
  text.remove_prefix(good ? size : 1);
  return good ? point : kReplacement;
}

/// How many segments hold characters of these sizes, none of which is cut.
std::int64_t segments_of(const std::vector<std::uint8_t>& sizes, std::int64_t units, std::int64_t alone,
                         std::int64_t joined) {
  if (units <= alone) return 1;
  std::int64_t segments = 1;
  std::int64_t used = 0;
  for (const std::uint8_t size : sizes) {
    if (used + size > joined) {
      ++segments;
      used = 0;
    }
    used += size;
  }
  return segments;
}

}  // namespace

SmsSize sms_size(std::string_view text) {
  std::vector<std::uint8_t> septets;
  std::vector<std::uint8_t> utf16;
  bool gsm = true;
  while (!text.empty()) {
    const char32_t point = take(text);
    const bool extended = kExtension.find(point) != std::u32string_view::npos;
    gsm = gsm && (extended || kBasic.find(point) != std::u32string_view::npos);
    septets.push_back(extended ? 2 : 1);
    utf16.push_back(point > 0xFFFF ? 2 : 1);
  }
  const auto& sizes = gsm ? septets : utf16;
  SmsSize size{.encoding = gsm ? SmsEncoding::gsm7 : SmsEncoding::ucs2};
  for (const std::uint8_t each : sizes) size.units += each;
  size.segments = gsm ? segments_of(sizes, size.units, 160, 153) : segments_of(sizes, size.units, 70, 67);
  return size;
}

}  // namespace kriya::messaging
