#include "config/reference.h"

#include <string_view>

#include "config/table.h"

namespace kriya::config {
namespace {

/// A setting that nothing uses yet says so.
std::string help_of(const Variable& variable) {
  return std::string(variable.help) + (variable.planned ? " (Not used by this version yet.)" : "");
}

constexpr std::size_t kColumns = 100;
constexpr std::size_t kIndent = 2;
constexpr std::size_t kNameWidth = 29;  // the longest name and two spaces

constexpr std::string_view kIntroduction = R"(# Configuration

<!-- Written by the program from src/config/table.cc (tests/config/reference_test.cc says how). Do not edit by hand. -->

Every setting is an environment variable. It may also stand in a file `.env` in the working directory; the environment
wins over the file, and an empty text means "not set", so `PORT= kriya serve` runs with the default whatever `.env`
says. A value that is not allowed stops the start: every problem is printed at once, one line each, and a secret never
appears in it. `kriya doctor` checks a configuration that is allowed for what is still unwise.

## The file `.env`

```sh
# a comment line
ENVIRONMENT=production            # a comment after white space
export PORT=8001                  # "export" may stand in front
JWT_SECRET_KEY='taken $literally' # single quotes: as it stands
GREETING="two\nlines, \"quoted\"" # double quotes: \n \r \t \" \\ \$ are understood, any other \ stays
```

- Values in quotes may run over several lines. White space around unquoted values is dropped.
- `$NAME` is not expanded: a secret that happens to hold a `$` would silently become another one.
- A name that stands twice: the last one counts.
- A name that looks like a misspelt setting is reported as a warning; any other unknown name is ignored, so the file
  may be shared with other programs.
- Keep the file readable by its owner only: `chmod 600 .env`.

)";

/// Appends `text` word by word, every line after the first indented by `left`. `column` is where the line stands.
void append_wrapped(std::string& out, std::string_view text, std::size_t left, std::size_t column) {
  while (!text.empty()) {
    const std::size_t space = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, space);
    const bool first = column == left;
    if (!first && column + 1 + word.size() > kColumns) {
      out += "\n" + std::string(left, ' ');
      column = left;
    } else if (!first) {
      out += ' ';
      ++column;
    }
    out += word;
    column += word.size();
    text.remove_prefix(std::min(space + 1, text.size()));
  }
  out += '\n';
}

std::string meaning(const Variable& variable) {
  return help_of(variable) + " Allowed: " + std::string(variable.allowed) + ". Default: " + default_text(variable) +
         ".";
}

/// Text for a table cell. A bar would end the cell, and bare angle brackets or stars are markup.
std::string cell(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '|' || c == '*' || c == '<') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

void append_row(std::string& out, const Variable& variable) {
  out += "| `" + std::string(variable.name) + "`" + (variable.secret ? " (secret)" : "") + " | ";
  out += cell(default_text(variable)) + " | " + cell(variable.allowed) + " | " + cell(help_of(variable)) + " |\n";
}

}  // namespace

std::string help_text() {
  std::string out;
  const Variable* previous = nullptr;
  for (const Variable& variable : variables()) {
    if (previous == nullptr || previous->group != variable.group) {
      out += (previous == nullptr ? "" : "\n") + std::string(heading(variable.group)) + ":\n";
    }
    std::string name(variable.name);
    name.resize(kNameWidth, ' ');
    out += std::string(kIndent, ' ') + name;
    append_wrapped(out, meaning(variable), kIndent + kNameWidth, kIndent + kNameWidth);
    previous = &variable;
  }
  return out;
}

std::string markdown() {
  std::string out(kIntroduction);
  const Variable* previous = nullptr;
  for (const Variable& variable : variables()) {
    if (previous == nullptr || previous->group != variable.group) {
      out += (previous == nullptr ? "## " : "\n## ") + std::string(heading(variable.group)) + "\n\n";
      out += "| variable | default | allowed | meaning |\n|---|---|---|---|\n";
    }
    append_row(out, variable);
    previous = &variable;
  }
  return out;
}

}  // namespace kriya::config
