#include "audit/phone_mask.h"

#include "audit/characters.h"
#include "phone/phone_number.h"

namespace kriya::audit {
namespace {

/// Digits of the country code that E.164 digits begin with (ITU-T E.164 annex: no code is the beginning of another).
/// Asking libphonenumber costs as much as all the rest of a call's line.
std::size_t country_code_size(std::string_view digits) {
  constexpr std::string_view kOfTwo =
      "20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84 86 "
      "90 91 92 93 94 95 98 ";
  if (digits.front() == '1' || digits.front() == '7') return 1;
  return kOfTwo.find(std::string(digits.substr(0, 2)) + " ") == std::string_view::npos ? 3 : 2;
}

}  // namespace

std::string mask_phone(std::string_view text, bool look_up) {
  std::string digits;
  for (const char c : text) {
    if (is_digit(c)) digits += c;
  }
  if (digits.size() < 7 || digits.size() > 17) return {};
  if (text.front() == '+' && digits.size() + 1 == text.size() && digits.front() != '0' && digits.size() <= 15) {
    const std::size_t code = country_code_size(digits);
    std::string whole = "+" + digits.substr(0, code);
    for (std::size_t i = code; i + 4 < digits.size(); ++i) whole += "•";
    return whole + digits.substr(digits.size() - 4);
  }
  if (look_up) {
    if (const auto number = PhoneNumber::parse(text)) return number->masked();
  }
  std::string masked = text.front() == '+' ? "+" : "";
  for (std::size_t i = 4; i < digits.size(); ++i) masked += "•";
  return masked + digits.substr(digits.size() - 4);
}

}  // namespace kriya::audit
