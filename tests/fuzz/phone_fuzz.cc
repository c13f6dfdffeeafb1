// Any text as a phone number: what is accepted has the shape of E.164 and reads itself back.
#include <cstdlib>

#include "phone/phone_number.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto number = kriya::PhoneNumber::parse({reinterpret_cast<const char*>(data), size});
  if (!number) return 0;
  const std::string& text = number->str();
  if (text.size() < 9 || text.size() > 16 || text[0] != '+' || text[1] == '0') std::abort();
  if (text.find_first_not_of("0123456789", 1) != std::string::npos) std::abort();
  const auto again = kriya::PhoneNumber::parse(text);
  if (!again || again->str() != text) std::abort();
  (void)number->is_valid();
  return 0;
}
