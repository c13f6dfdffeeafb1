#include "audit/text_redaction.h"

#include <algorithm>
#include <array>
#include <vector>

#include "audit/characters.h"
#include "audit/folded_digits.h"
#include "audit/foreign_keys.h"
#include "audit/phone_mask.h"
#include "audit/secret_names.h"
#include "base/text.h"
#include "phone/phone_number.h"

namespace kriya::audit {
namespace {

constexpr std::size_t kNear = 48;           // bytes between a code and the word for it
constexpr std::size_t kOwnToken = 43;       // 256 random bits in base64url
constexpr std::size_t kParsedNumbers = 64;  // of one text; looking a number up costs microseconds
constexpr std::size_t kMostDigits = 10;     // of a code
constexpr std::size_t kLongestCode = 64;    // of what is looked at to tell whether it is a code or a number

bool is_letter(char c) { return is_lower(c) || is_upper(c) || (c & '\x80') != 0; }
bool is_base64url(char c) { return is_alnum(c) || c == '-' || c == '_'; }
bool is_credential(char c) { return is_base64url(c) || std::string_view("._~+/=").find(c) != std::string_view::npos; }
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

struct Span {
  std::size_t begin;
  std::size_t end;
  std::string instead;
};

/// One text while it is being looked through.
class Search {
 public:
  Search(std::string_view text, bool mask_phones) : text_(text), mask_phones_(mask_phones) {}

  /// What is to be replaced, in order, none within another.
  std::vector<Span> found();

 private:
  char at(std::size_t i) const { return i < text_.size() ? text_[i] : '\0'; }
  char before(std::size_t i) const { return i > 0 ? text_[i - 1] : '\0'; }
  template <class Is>
  std::size_t end_of(std::size_t i, Is is) const {
    while (i < text_.size() && is(text_[i])) ++i;
    return i;
  }
  void take(std::size_t begin, std::size_t end) { spans_.push_back({begin, end, std::string(kRedacted)}); }

  void find_private_keys();
  void find_tokens();
  void find_passwords_in_urls();
  void find_origin_bound_codes();
  void find_names();
  std::size_t look_at_word(std::size_t begin, std::size_t end);
  std::size_t take_value(NameKind kind, std::string_view name, std::size_t begin);
  void find_codes(const std::vector<std::size_t>& words, std::size_t longest);
  std::size_t end_of_code(std::size_t begin, std::size_t longest) const;
  std::size_t end_of_groups(std::size_t begin, std::size_t longest, std::size_t& digits) const;
  bool reads_as_day(std::size_t begin, std::size_t end) const;
  bool in_query(std::size_t begin, std::size_t end) const;
  void find_phones();
  std::size_t end_of_spaced_phone(std::size_t begin, std::size_t& parsed) const;
  bool stands_alone(std::size_t begin, std::size_t end) const;

  std::string_view text_;
  bool mask_phones_;
  std::vector<Span> spans_;
  std::vector<std::size_t> code_words_;     // where they end
  std::vector<std::size_t> sign_in_words_;  // near which a few digits are a code, too
};

void Search::find_private_keys() {
  for (std::size_t i = 0; (i = text_.find("-----BEGIN ", i)) != std::string_view::npos; i += 11) {
    const std::size_t offset = text_.substr(i, 56).find("PRIVATE KEY-----");
    if (offset == std::string_view::npos) continue;
    const std::size_t head = i + offset;
    const std::size_t tail = text_.find("-----END ", head);
    if (tail == std::string_view::npos) return take(head + 16, text_.size());
    take(head + 16, tail);
    i = tail - 2;  // goes on behind the key
  }
}

/// Whether it is made of all sorts of characters, as random bytes are and words and hexadecimal digits are not.
bool looks_random(std::string_view text) {
  return std::ranges::any_of(text, is_digit) && std::ranges::any_of(text, is_lower) &&
         std::ranges::any_of(text, is_upper);
}

/// base64url, a dot, base64url, a dot and perhaps more: the header of a JWT begins with {" and so with eyJ.
std::size_t jwt_end(std::string_view text, std::size_t begin) {
  std::size_t end = begin;
  int dots = 0;
  for (; end < text.size() && (is_base64url(text[end]) || text[end] == '.'); ++end) dots += text[end] == '.' ? 1 : 0;
  return dots >= 2 && end - begin >= 20 ? end : begin;
}

void Search::find_tokens() {
  for (std::size_t i = 0; i < text_.size(); ++i) {
    if (!is_base64url(text_[i])) continue;
    const std::size_t end = end_of(i, is_base64url);
    const std::string_view run = text_.substr(i, end - i);
    if (const std::size_t jwt = run.find("eyJ"); jwt != std::string_view::npos && jwt_end(text_, i + jwt) > i + jwt) {
      const std::size_t until = jwt_end(text_, i + jwt);
      take(i + jwt, until);
      i = until - 1;
      continue;
    }
    if (const std::size_t own = run.find("kcs_"); own != std::string_view::npos && run.size() - own > 8) {
      take(i + own, end);
    } else if (const std::size_t key = foreign_key(run); key != std::string_view::npos) {
      take(i + key, end);
    } else if (run.size() == kOwnToken && looks_random(run)) {
      take(i, end);
    } else if (at(end) == ' ' && (equals_ignoring_case(run, "Bearer") || equals_ignoring_case(run, "Basic"))) {
      const std::size_t value = end_of(end, [](char c) { return c == ' '; });
      const std::size_t value_end = end_of(value, is_credential);
      const std::string_view credential = text_.substr(value, value_end - value);
      const bool plain_word = std::ranges::all_of(credential.substr(std::min<std::size_t>(1, credential.size())),
                                                  [](char c) { return is_lower(c) || c == '.' || c == '-'; });
      if (credential.size() >= 8 && !plain_word) take(value, value_end);
    }
    i = end - 1;
  }
}

void Search::find_passwords_in_urls() {
  for (std::size_t i = 0; (i = text_.find("://", i)) != std::string_view::npos;) {
    i += 3;
    const std::size_t end = end_of(
        i, [](char c) { return !is_space(c) && std::string_view("/?#\"'<>").find(c) == std::string_view::npos; });
    const std::string_view authority = text_.substr(i, end - i);
    const std::size_t host = authority.rfind('@');
    const std::size_t password = authority.find(':');
    if (host != std::string_view::npos && password < host && host - password > 1) take(i + password + 1, i + host);
    i = end;
  }
}

void Search::find_origin_bound_codes() {
  std::size_t line = 0;  // where it begins
  std::size_t looked = 0;
  for (std::size_t i = 0; (i = text_.find(" #", i)) != std::string_view::npos;) {
    for (; looked < i; ++looked) line = text_[looked] == '\n' ? looked + 1 : line;
    const std::string_view host = text_.substr(line, std::min<std::size_t>(i - line, 256));
    i += 2;
    const std::size_t end = end_of(i, is_alnum);
    const bool bound = host.size() > 1 && host.size() < 256 && host.front() == '@' &&
                       host.find_first_of(" \t") == std::string_view::npos;
    if (bound && end > i) take(i, end);
  }
}

/// Words by themselves; those that name a secret are looked behind.
void Search::find_names() {
  const auto part = [](char c) { return is_base64url(c) || (c & '\x80') != 0; };
  for (std::size_t i = 0; i < text_.size(); ++i) {
    if (!part(text_[i])) continue;
    std::size_t end = i;
    while (part(at(end)) && !(text_[end] == '-' && is_digit(at(end + 1))))
      ++end;  // "otp-123456" is a word and a number
    if (end - i <= 64 && end > i) end = std::max(end, look_at_word(i, end));
    end = std::max(end, i + 1);
    i = end - 1;
  }
}

constexpr auto kCodeWords =
    std::to_array<std::string_view>({"código", "codigo", "clave", "कोड", "ओटीपी", "код", "Код"});
constexpr auto kSignInWords =
    std::to_array<std::string_view>({"login", "logon", "signin", "sign-in", "log-in", "sign in", "log in"});

/// Returns where to go on: a value that was looked at is not looked at again, or a text of names would take the square
/// of its size.
std::size_t Search::look_at_word(std::size_t begin, std::size_t end) {
  const std::string_view word = text_.substr(begin, end - begin);
  // "api key: ..." has its name in two words.
  std::size_t first = begin;
  if (before(begin) == ' ') {
    first = begin - 1;
    while (first > 0 && begin - first < 32 && is_base64url(text_[first - 1])) --first;
  }
  const std::string_view both = text_.substr(first, end - first);
  const bool two_words = first < begin;
  NameKind kind = kind_of_name(word);
  if (two_words && (kind == NameKind::code || kind == NameKind::harmless)) kind = kind_of_name(both);
  const std::string lower = to_lower(word);
  // "Your passcode is 482913": a secret that is no code by its name may be one.
  if (kind == NameKind::code || kind == NameKind::secret || is_one_of(lower, kCodeWords)) {
    code_words_.push_back(end);
  }
  if (is_one_of(lower, kSignInWords) || (two_words && is_one_of(to_lower(both), kSignInWords))) {
    sign_in_words_.push_back(end);
  }
  if (kind == NameKind::harmless) return end;
  if (kind == NameKind::code && in_query(begin, end)) kind = NameKind::secret;  // OAuth's codes look like anything
  const auto quote = [](char c) { return c == '"' || c == '\'' || c == '\\' || c == '`'; };
  std::size_t i = end_of(end_of(end, quote), is_space);
  if (at(i) != ':' && at(i) != '=') return end;
  i = end_of(i + 1, is_space);
  return take_value(kind, word, i);
}

/// Whether it names a parameter in an address: "?code=", "&code=".
bool Search::in_query(std::size_t begin, std::size_t end) const {
  const bool begins = before(begin) == '?' || before(begin) == '&' || text_.substr(0, begin).ends_with("&amp;");
  return begins && at(end) == '=';
}

/// Returns where what belongs to the name ends; `begin` where that may hold other names.
std::size_t Search::take_value(NameKind kind, std::string_view name, std::size_t begin) {
  const std::size_t value = end_of(begin, [](char c) { return c == '\\'; });
  std::size_t from = value;
  std::size_t end = value;
  // A secret is as long as it is; a code or a number is short, and what is longer is none.
  const bool secret = kind == NameKind::secret || kind == NameKind::token;
  const std::size_t limit = secret ? text_.size() : std::min(text_.size(), value + kLongestCode);
  if (const char mark = at(value); mark == '"' || mark == '\'' || mark == '`') {
    from = end = value + 1;
    while (end < limit && text_[end] != mark) end += text_[end] == '\\' && at(end + 1) == mark ? 2 : 1;
    end = std::min(end, text_.size());
    if (value > begin && end > from && before(end) == '\\') --end;  // quotes within a quoted text
  } else if (at(value) == ':' || std::string_view("[{(").find(at(value)) != std::string_view::npos) {
    return begin;  // another kind of text; documents are taken apart before
  } else {
    const bool whole_line = equals_ignoring_case(name, "cookie") || equals_ignoring_case(name, "set-cookie") ||
                            equals_ignoring_case(name, "authorization") ||
                            equals_ignoring_case(name, "proxy-authorization");
    const auto belongs = [&](char c) {
      return c != '\n' && c != '\r' &&
             (whole_line || (!is_space(c) && std::string_view(",;&\"')}]<>").find(c) == std::string_view::npos));
    };
    while (end < limit && belongs(text_[end])) ++end;
    // "PIN: 12 34": a code in groups.
    std::size_t digits = 0;
    if (kind == NameKind::code && end_of(value, is_digit) == end) {
      end = std::max(end, end_of_groups(value, kMostDigits, digits));
    }
  }
  const std::size_t go_on = secret ? end : begin;
  const std::string_view text = text_.substr(from, end - from);
  if (text.empty() || text.starts_with("[redacted") || text == "null" || text == "true" || text == "false") {
    return go_on;
  }
  const auto is_code_character = [](char c) { return is_digit(c) || is_upper(c) || c == '-' || c == ' ' || c == '.'; };
  const bool number = std::ranges::all_of(text, is_digit);
  if (kind == NameKind::token && number) return go_on;
  if (kind == NameKind::code &&
      (text.size() > 16 || text.front() == '-' || !std::ranges::all_of(text, is_code_character))) {
    return go_on;
  }
  if (kind == NameKind::phone) {
    if (!mask_phones_ || text.find("•") != std::string_view::npos) return go_on;
    if (std::string masked = mask_phone(text); !masked.empty()) spans_.push_back({from, end, std::move(masked)});
    return go_on;
  }
  take(from, end);
  return go_on;
}

/// No part of a longer word, number, date, price or phone number.
bool Search::stands_alone(std::size_t begin, std::size_t end) const {
  const char left = before(begin);
  const bool prefixed =
      left == '-' && begin >= 2 && is_upper(text_[begin - 2]) && (begin < 3 || !is_alnum(text_[begin - 3]));
  if (is_letter(left) || left == '_' || left == '+' || left == '$' || left == '#') return left == '#';
  const bool after_code_word = std::ranges::binary_search(code_words_, begin - 1);
  if (!prefixed && !after_code_word && std::string_view("-.,/:").find(left) != std::string_view::npos && begin >= 2 &&
      is_alnum(text_[begin - 2]) && left != ',' && left != ':') {
    return false;
  }
  const char right = at(end);
  if (is_letter(right) || right == '_') return false;
  return std::string_view("-.,/:").find(right) == std::string_view::npos || right == '\0' || !is_alnum(at(end + 1));
}

/// The end of groups of two or three digits with a single space or hyphen between, at most `longest` in all; `begin`
/// when not even the first is one.
std::size_t Search::end_of_groups(std::size_t begin, std::size_t longest, std::size_t& digits) const {
  std::size_t end = begin;
  digits = 0;
  for (std::size_t i = begin; is_digit(at(i)); ++i) {
    const std::size_t group = end_of(i, is_digit);
    if (group - i < 2 || group - i > 3 || is_letter(at(group)) || at(group) == '_') break;
    if (digits + group - i > longest) break;
    digits += group - i;
    end = i = group;
    if (at(i) != ' ' && at(i) != '-') break;
  }
  return end;
}

/// "21-11-26": near a word for signing in that is when, and no code.
bool Search::reads_as_day(std::size_t begin, std::size_t end) const {
  const std::string_view day = text_.substr(begin, end - begin);
  if (day.size() != 8 || day[2] != '-' || day[5] != '-') return false;
  const auto number = [&](std::size_t i) { return (day[i] - '0') * 10 + (day[i + 1] - '0'); };
  const auto within = [](int value, int most) { return value >= 1 && value <= most; };
  return within(number(3), 12) && (within(number(0), 31) || within(number(6), 31));
}

/// Where the digits at `begin` end when they are taken as one code: also 123 456, 123-456, and 12 34 56.
std::size_t Search::end_of_code(std::size_t begin, std::size_t longest) const {
  std::size_t digits = 0;
  const std::size_t groups = end_of_groups(begin, longest, digits);
  // Two groups of two may be anything, such as "10-15 minutes".
  if (digits >= 6 && stands_alone(begin, groups)) return groups;
  const std::size_t end = end_of(begin, is_digit);
  const auto half = [&](std::size_t size) { return size == 3 || size == 4; };
  if (half(end - begin) && (at(end) == ' ' || at(end) == '-')) {
    const std::size_t other = end_of(end + 1, is_digit);
    if (half(other - end - 1) && stands_alone(begin, other)) return other;
  }
  return end;
}

/// 4 to `longest` digits within reach of a word for a code.
void Search::find_codes(const std::vector<std::size_t>& words, std::size_t longest) {
  std::size_t next = 0;  // the first code word that does not end before the digits
  for (std::size_t i = 0; i < text_.size() && !words.empty(); ++i) {
    if (!is_digit(text_[i])) continue;
    const std::size_t begin = i;
    const std::size_t end = end_of_code(begin, longest);
    i = end - 1;
    const auto digits = static_cast<std::size_t>(std::ranges::count_if(text_.substr(begin, end - begin), is_digit));
    if (digits < 4 || digits > longest || !stands_alone(begin, end)) continue;
    if (&words == &sign_in_words_ && reads_as_day(begin, end)) continue;
    while (next < words.size() && words[next] <= begin) ++next;
    const bool after_word = next > 0 && begin - words[next - 1] <= kNear;
    const bool before_word = next < words.size() && words[next] - end <= kNear;
    if (after_word || before_word) take(begin, end);
  }
}

/// The end of a number that begins with 00 and has separators, if some country's plan knows it; else `begin`. Two
/// digits behind 00 and spaces are in many texts: what is not known is none.
std::size_t Search::end_of_spaced_phone(std::size_t begin, std::size_t& parsed) const {
  constexpr std::size_t kMostGroups = 8;
  std::array<std::size_t, kMostGroups> ends{};
  std::size_t groups = 0;
  std::size_t digits = 0;
  for (std::size_t i = begin; groups < kMostGroups && is_digit(at(i)) && i < begin + PhoneNumber::kMaxInput;) {
    const std::size_t end = end_of(i, is_digit);
    digits += end - i;
    if (digits > 17) break;
    ends[groups++] = end;
    i = end_of(end, [](char c) { return std::string_view(" -.()").find(c) != std::string_view::npos; });
    if (i > end + 3) break;
  }
  for (; groups > 1 && parsed < kParsedNumbers; --groups) {
    ++parsed;
    const std::size_t end = ends[groups - 1];
    const auto number = PhoneNumber::parse(text_.substr(begin, end - begin));
    if (number && number->is_valid()) return end;
  }
  return begin;
}

void Search::find_phones() {
  std::size_t parsed = 0;
  for (std::size_t i = 0; i < text_.size(); ++i) {
    const bool plus = text_[i] == '+' && is_digit(at(i + 1));
    if (!plus && !is_digit(text_[i])) continue;
    std::size_t end = plus ? i + 1 : i;
    std::size_t digits = 0;
    for (std::size_t j = end; j < text_.size() && j < i + PhoneNumber::kMaxInput; ++j) {
      if (is_digit(text_[j])) {
        if (++digits > 17) break;
        end = j + 1;
      } else if (!plus || std::string_view(" -.()").find(text_[j]) == std::string_view::npos || j > end + 3) {
        break;
      }
    }
    const std::size_t begin = i;
    i = end - 1;
    if (is_alnum(before(begin)) || before(begin) == '_' || is_digit(at(end))) {
      i = end_of(end, is_digit) - 1;
      continue;
    }
    if (!plus && text_.substr(begin).starts_with("00") && (at(end) == ' ' || at(end) == '-' || at(end) == '.')) {
      if (const std::size_t spaced = end_of_spaced_phone(begin, parsed); spaced > begin) {
        spans_.push_back({begin, spaced, mask_phone(text_.substr(begin, spaced - begin))});
        i = spaced - 1;
        continue;
      }
    }
    const std::string_view number = text_.substr(begin, end - begin);
    if (plus || number.starts_with("00")) {
      if (std::string masked = digits >= 8 ? mask_phone(number, parsed++ < kParsedNumbers) : ""; !masked.empty()) {
        spans_.push_back({begin, end, std::move(masked)});
      }
    } else if (digits >= 10 && digits <= 15 && !is_letter(at(end)) && parsed++ < kParsedNumbers) {
      // Bare digits may be anything; a number that some country's plan knows is taken for one.
      const auto known = PhoneNumber::parse("+" + std::string(number));
      if (known && known->is_valid()) spans_.push_back({begin, end, known->masked().substr(1)});
    }
  }
}

std::vector<Span> Search::found() {
  find_private_keys();
  find_tokens();
  find_passwords_in_urls();
  find_origin_bound_codes();
  find_names();
  find_codes(code_words_, kMostDigits);
  find_codes(sign_in_words_, 8);
  if (mask_phones_) find_phones();
  // Of two that overlap a secret wins over a number that is masked, and takes in what belongs to both.
  std::ranges::sort(spans_, {}, [](const Span& span) { return std::pair(span.begin, span.end); });
  std::vector<Span> merged;
  for (Span& span : spans_) {
    if (merged.empty() || span.begin >= merged.back().end) {
      merged.push_back(std::move(span));
      continue;
    }
    Span& last = merged.back();
    const bool same = last.begin == span.begin && last.end == span.end;
    if (span.instead == kRedacted || !same) last.instead = kRedacted;
    last.end = std::max(last.end, span.end);
  }
  return merged;
}

}  // namespace

std::string redact_text(std::string_view text, bool mask_phones, std::int64_t& redactions, std::size_t keep) {
  const std::optional<Folded> in_ascii = folded(text);
  std::vector<Span> spans = Search(in_ascii ? std::string_view(in_ascii->text) : text, mask_phones).found();
  std::string out;
  std::size_t copied = 0;
  for (Span& span : spans) {
    if (in_ascii) span = {in_ascii->places[span.begin], in_ascii->places[span.end], std::move(span.instead)};
    if (span.begin >= keep) break;
    out.append(text, copied, span.begin - copied).append(span.instead);
    copied = span.end;
    ++redactions;
  }
  if (copied < keep) out.append(text, copied, keep - copied);
  return out;
}

}  // namespace kriya::audit
