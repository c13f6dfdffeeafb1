#include "config/dotenv.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace kriya::config {
namespace {

using std::string_view;

bool is_blank(char c) { return c == ' ' || c == '\t'; }
bool is_name_start(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_'; }
bool is_name_character(char c) { return is_name_start(c) || (c >= '0' && c <= '9'); }

/// What a backslash and this letter stand for inside double quotes.
std::optional<char> unescape(char letter) {
  switch (letter) {
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case '"':
    case '\\':
    case '$':
      return letter;
    default:
      return std::nullopt;
  }
}

std::string with_unix_line_ends(string_view text) {
  std::string plain;
  plain.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
    plain += text[i];
  }
  return plain;
}

class Reader {
 public:
  explicit Reader(string_view text) : rest_(text) {}

  void read_all() {
    while (!rest_.empty()) read_line();
  }
  VariableMap values;
  Problems problems;

 private:
  void read_line() {
    line_ = next_line_;
    skip_blanks();
    if (at_line_end() || rest_.front() == '#') return skip_line();
    skip_export();
    const string_view name = take_while(is_name_character);
    if (name.empty() || !is_name_start(name.front())) return give_up("expected NAME=VALUE");
    skip_blanks();
    if (at_line_end() || rest_.front() != '=') return give_up("expected = after the name");
    take(1);
    read_value(std::string(name));
  }

  void read_value(std::string name) {
    const bool blank_before = !at_line_end() && is_blank(rest_.front());
    skip_blanks();
    if (!at_line_end() && (rest_.front() == '"' || rest_.front() == '\'')) {
      read_quoted(std::move(name));
    } else {
      values.insert_or_assign(std::move(name), take_unquoted(blank_before));
    }
  }

  std::string take_unquoted(bool blank_before) {
    std::string value;
    while (!at_line_end() && !(rest_.front() == '#' && blank_before)) {
      blank_before = is_blank(rest_.front());
      value += take(1);
    }
    while (!value.empty() && is_blank(value.back())) value.pop_back();
    skip_line();
    return value;
  }

  void read_quoted(std::string name) {
    const char quote = take(1).front();
    std::string value;
    while (!rest_.empty() && rest_.front() != quote) {
      const bool escapes = quote == '"' && rest_.front() == '\\' && rest_.size() > 1;
      const auto escaped = escapes ? unescape(rest_[1]) : std::nullopt;
      if (escaped) {
        take(2);
        value += *escaped;
      } else {
        value += take(1);
      }
    }
    if (rest_.empty()) return report("the quote that begins here is never closed");
    take(1);
    skip_blanks();
    if (!at_line_end() && rest_.front() != '#') return give_up("only a comment may follow the closing quote");
    values.insert_or_assign(std::move(name), std::move(value));
    skip_line();
  }

  /// `export NAME=...`; but `export=1` sets a variable of that name.
  void skip_export() {
    constexpr string_view kExport = "export";
    if (!rest_.starts_with(kExport)) return;
    const string_view after = rest_.substr(kExport.size());
    const std::size_t blanks = std::min(after.find_first_not_of(" \t"), after.size());
    if (blanks == 0 || after.substr(blanks).starts_with('=')) return;
    take(kExport.size() + blanks);
  }

  bool at_line_end() const { return rest_.empty() || rest_.front() == '\n'; }
  void skip_blanks() { take_while(is_blank); }

  void skip_line() {
    take(std::min(rest_.find('\n'), rest_.size()));
    if (!rest_.empty()) take(1);
  }

  string_view take(std::size_t count) {
    const string_view taken = rest_.substr(0, count);
    next_line_ += static_cast<std::size_t>(std::ranges::count(taken, '\n'));
    rest_.remove_prefix(count);
    return taken;
  }

  template <class Wanted>
  string_view take_while(Wanted wanted) {
    std::size_t count = 0;
    while (count < rest_.size() && wanted(rest_[count])) ++count;
    return take(count);
  }

  void report(std::string message) { problems.push_back({"line " + std::to_string(line_), std::move(message)}); }

  void give_up(std::string message) {
    report(std::move(message));
    skip_line();
  }

  string_view rest_;
  std::size_t line_ = 1;       // where the present entry began
  std::size_t next_line_ = 1;  // where `rest_` stands
};

}  // namespace

tl::expected<VariableMap, Problems> parse_dotenv(string_view text) {
  constexpr string_view kByteOrderMark = "\xef\xbb\xbf";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  if (const std::size_t nul = text.find('\0'); nul != string_view::npos) {
    const auto line = 1 + std::ranges::count(text.substr(0, nul), '\n');
    return tl::unexpected(Problems{{"line " + std::to_string(line), "holds a NUL byte"}});
  }
  const std::string plain = with_unix_line_ends(text);
  Reader reader(plain);
  reader.read_all();
  if (!reader.problems.empty()) return tl::unexpected(std::move(reader.problems));
  return std::move(reader.values);
}

}  // namespace kriya::config
