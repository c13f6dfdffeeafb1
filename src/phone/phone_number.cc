#include "phone/phone_number.h"

#include <algorithm>
#include <optional>

#include <phonenumbers/phonenumberutil.h>

namespace kriya {
namespace {

namespace lib = i18n::phonenumbers;

constexpr std::size_t kMinDigits = 8;
constexpr std::size_t kMaxDigits = 15;

bool drop_prefix(std::string_view& text, std::string_view prefix) {
  if (!equals_ignoring_case(text.substr(0, prefix.size()), prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

/// The digits after the international prefix; nullopt when anything else stands there.
std::optional<std::string> international_digits(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  const bool is_uri = drop_prefix(text, "tel:");
  const bool international = drop_prefix(text, "+") || drop_prefix(text, "00");
  if (!is_uri && !international) return std::nullopt;
  std::string digits;
  for (const char c : text) {
    if (c >= '0' && c <= '9') {
      digits += c;
    } else if (std::string_view(" -.()").find(c) == std::string_view::npos) {
      return std::nullopt;
    }
  }
  return digits;
}

bool has_shape(const std::string& e164) {
  return e164.size() > kMinDigits && e164.size() <= kMaxDigits + 1 && e164[1] != '0';
}

std::optional<lib::PhoneNumber> parsed_number(const std::string& e164) {
  lib::PhoneNumber number;
  const auto& util = *lib::PhoneNumberUtil::GetInstance();
  if (util.Parse(e164, "ZZ", &number) != lib::PhoneNumberUtil::NO_PARSING_ERROR) return std::nullopt;
  return number;
}

bool is_known(const lib::PhoneNumber& number) { return lib::PhoneNumberUtil::GetInstance()->IsValidNumber(number); }

/// A number of the North American plan in its one spelling: ten digits after +1, the first of which is neither a 0 nor
/// the trunk prefix 1. There is nothing to drop, and a fifth of a registration's CPU time to be saved.
bool is_plain_north_american(const std::string& e164) {
  return e164.size() == 12 && e164.starts_with("+1") && e164[2] >= '2';
}

/// The one spelling of a number that libphonenumber knows. Dropping one prefix may bring another to light (Mexico's old
/// 1 after +52), so it goes on until nothing changes; every step makes the number shorter. Whether the number is known
/// is asked only where it matters, because it costs more than all the rest.
std::string canonical(std::string e164) {
  if (is_plain_north_american(e164)) return e164;
  for (;;) {
    const auto parsed = has_shape(e164) ? parsed_number(e164) : std::nullopt;
    if (!parsed) return e164;
    std::string formatted;
    lib::PhoneNumberUtil::GetInstance()->Format(*parsed, lib::PhoneNumberUtil::E164, &formatted);
    if (formatted == e164 || !is_known(*parsed)) return e164;
    if (formatted.size() >= e164.size()) return formatted;
    e164 = std::move(formatted);
  }
}

}  // namespace

Parsed<PhoneNumber> PhoneNumber::parse(std::string_view text) {
  const auto digits = text.size() <= kMaxInput ? international_digits(text) : std::nullopt;
  if (!digits) {
    return tl::unexpected<std::string>("must be digits after '+', '00' or 'tel:', like +14155550123");
  }
  PhoneNumber number;
  number.text_ = canonical("+" + *digits);
  if (!has_shape(number.text_)) {  // looked at again: dropping a trunk prefix may have made it too short
    return tl::unexpected<std::string>("must be a country code and number of 8 to 15 digits in all, like +14155550123");
  }
  return number;
}

bool PhoneNumber::is_valid() const {
  const auto parsed = parsed_number(text_);
  return parsed && is_known(*parsed);
}

std::string PhoneNumber::masked() const {
  constexpr std::size_t kShown = 4;
  const auto parsed = parsed_number(text_);
  const std::size_t prefix = parsed ? 1 + std::to_string(parsed->country_code()).size() : 2;
  std::string masked = text_.substr(0, prefix);
  for (std::size_t i = prefix; i + kShown < text_.size(); ++i) masked += "\u2022";
  return masked + text_.substr(std::max(prefix, text_.size() - kShown));
}

std::string PhoneNumber::region() const {
  std::string region;
  if (const auto parsed = parsed_number(text_)) {
    lib::PhoneNumberUtil::GetInstance()->GetRegionCodeForNumber(*parsed, &region);
  }
  if (!region.empty() && region != "001") return region;
  if (const auto parsed = parsed_number(text_)) {  // no number of any plan, but perhaps of a known country code
    lib::PhoneNumberUtil::GetInstance()->GetRegionCodeForCountryCode(parsed->country_code(), &region);
  }
  return region.empty() || region == "001" ? "ZZ" : region;
}

}  // namespace kriya
