// Text from people: UTF-8 checks, trimming, and the value types of a profile.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace kriya {

/// Code points of well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms). Nullopt on malformed text.
std::optional<std::size_t> utf8_length(std::string_view text);

/// Whether well-formed UTF-8 holds a control character: C0, DEL, C1, line and paragraph separators, or a bidirectional
/// override, which can make a name show up as another one.
bool has_control_character(std::string_view text);

/// Without leading and trailing white space, ASCII or Unicode (no-break, ideographic and the other spaces).
std::string_view trim(std::string_view text);

bool equals_ignoring_case(std::string_view left, std::string_view right);  // ASCII only
std::string to_lower(std::string_view text);                               // ASCII only

bool is_one_of(std::string_view text, std::span<const std::string_view> texts);

/// A value type's own word on why a text is not one, for a person to read.
template <class T>
using Parsed = tl::expected<T, std::string>;

/// A person's first or last name: 1 to 100 characters of any script, trimmed, without control characters.
class PersonName {
 public:
  static constexpr std::string_view kExample = "Asha";
  static constexpr std::string_view kDescription = "1 to 100 characters of any script, no control characters";
  static constexpr std::size_t kMinLength = 1;
  static constexpr std::size_t kMaxLength = 100;

  static Parsed<PersonName> parse(std::string_view text);
  const std::string& str() const { return text_; }

 private:
  std::string text_;
};

/// An e-mail address by shape alone, lower-cased. Never proof that the person owns it.
class EmailAddress {
 public:
  static constexpr std::string_view kExample = "asha@example.com";
  static constexpr std::string_view kDescription = "an e-mail address; kept as given, never treated as proven";
  static constexpr std::string_view kFormat = "email";
  static constexpr std::size_t kMaxLength = 254;  // RFC 5321 section 4.5.3.1.3

  static Parsed<EmailAddress> parse(std::string_view text);
  const std::string& str() const { return text_; }

 private:
  std::string text_;
};

}  // namespace kriya
