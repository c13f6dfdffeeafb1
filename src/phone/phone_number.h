// Telephone numbers as E.164, and nothing else.
#pragma once

#include <string>
#include <string_view>

#include "base/text.h"

namespace kriya {

/// A number in E.164: '+', then 8 to 15 digits of which the first is not 0.
class PhoneNumber {
 public:
  static constexpr std::string_view kExample = "+14155550123";
  static constexpr std::string_view kDescription =
      "E.164: digits after '+', '00' or 'tel:'; spaces and - . ( ) between them are dropped";
  static constexpr std::size_t kMaxInput = 64;

  /// Reads what people type. Only ASCII digits and the separators above are let through, so that no look-alike digit,
  /// letter or extension reaches any library. A number that libphonenumber knows is brought to its one spelling
  /// ("+44 (0)20 7946 0018" is +442079460018), so that one telephone is one account.
  static Parsed<PhoneNumber> parse(std::string_view text);

  /// "+14155550123"
  const std::string& str() const { return text_; }

  /// Whether the number can exist under its country's numbering plan. The shape alone admits more, e.g. +1234567890.
  bool is_valid() const;

  /// For people and records: "+1••••••0123", the country code and the last four digits.
  std::string masked() const;

  /// The ISO 3166 code of the country (or territory) that the number belongs to, e.g. "US"; "ZZ" when unknown.
  std::string region() const;

  /// "15558675309": what most providers take.
  std::string_view digits() const { return std::string_view(text_).substr(1); }

 private:
  std::string text_;
};

}  // namespace kriya
