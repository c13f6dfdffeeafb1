#include "cli/console_input.h"

#include <clocale>
#include <cstdio>
#include <cstring>
#include <cwchar>
#include <string_view>

#include <fcntl.h>
#include <histedit.h>
#include <langinfo.h>
#include <poll.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

namespace kriya::cli {
namespace {

constexpr int kHistoryLines = 1'000;

/// libedit turns bytes into characters by the locale; one without UTF-8 would break most of them.
void use_utf8() {
  std::setlocale(LC_CTYPE, "");
  if (std::string_view(::nl_langinfo(CODESET)) != "UTF-8") std::setlocale(LC_CTYPE, "C.UTF-8");
}

}  // namespace

/// libedit (BSD licence) behind the terminal.
struct ConsoleInput::Editor {
  explicit Editor(ConsoleInput& owner) : input(owner) {
    use_utf8();
    line = ::el_init("kriya", stdin, stdout, stderr);
    past = ::history_init();
    ::el_set(line, EL_CLIENTDATA, this);
    ::el_set(line, EL_PROMPT, &Editor::show_prompt);
    ::el_set(line, EL_EDITOR, "emacs");
    ::el_set(line, EL_GETCFN, &Editor::read_character);
    ::el_set(line, EL_HIST, &::history, past);
    HistEvent event;
    ::history(past, &event, H_SETSIZE, kHistoryLines);
    ::history(past, &event, H_SETUNIQUE, 1);
  }
  ~Editor() {
    ::history_end(past);
    ::el_end(line);
  }
  Editor(const Editor&) = delete;

  static Editor& of(EditLine* line) {
    void* self = nullptr;
    ::el_get(line, EL_CLIENTDATA, &self);
    return *static_cast<Editor*>(self);
  }
  static char* show_prompt(EditLine* line) { return of(line).prompt.data(); }

  /// 1: a character; 0: the end; -1: none, which ends the line, too.
  static int read_character(EditLine* line, wchar_t* character) {
    Editor& self = of(line);
    std::mbstate_t state{};
    for (;;) {
      const int byte = self.input.read_byte();
      if (byte == kEnd) return 0;
      if (byte == kInterrupted) return -1;
      const char piece = static_cast<char>(byte);
      const std::size_t taken = std::mbrtowc(character, &piece, 1, &state);
      if (taken == static_cast<std::size_t>(-2)) continue;  // more bytes belong to it
      if (taken != static_cast<std::size_t>(-1)) return 1;
      state = {};
    }
  }

  void remember(const std::string& text) {
    HistEvent event;
    ::history(past, &event, H_ENTER, text.c_str());
    if (!file.empty()) ::history(past, &event, H_SAVE, file.c_str());
  }

  ConsoleInput& input;
  EditLine* line;
  History* past;
  std::string prompt;
  std::filesystem::path file;
};

ConsoleInput::ConsoleInput(Interrupts& interrupts)
    : interrupts_(interrupts), is_terminal_(::isatty(STDIN_FILENO) != 0 && ::isatty(STDOUT_FILENO) != 0) {}

ConsoleInput::~ConsoleInput() = default;

void ConsoleInput::keep_history(const std::filesystem::path& file) {
  if (!is_terminal_) return;
  if (!editor_) editor_ = std::make_unique<Editor>(*this);
  // libedit would make it with the usual mode first.
  const int made = ::open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (made < 0) return;
  ::fchmod(made, 0600);
  ::close(made);
  HistEvent event;
  ::history(editor_->past, &event, H_LOAD, file.c_str());
  editor_->file = file;
}

int ConsoleInput::read_byte() {
  for (;;) {
    pollfd either[] = {{STDIN_FILENO, POLLIN, 0}, {interrupts_.descriptor(), POLLIN, 0}};
    if (::poll(either, 2, -1) < 0) continue;
    if (either[1].revents != 0 && interrupts_.take()) {
      was_interrupted_ = true;
      return kInterrupted;
    }
    if (either[0].revents == 0) continue;
    unsigned char byte = 0;
    return ::read(STDIN_FILENO, &byte, 1) == 1 ? byte : kEnd;
  }
}

Typed ConsoleInput::read_line() {
  std::string text;
  for (;;) {
    const int byte = read_byte();
    if (byte == kInterrupted) return {.kind = Typed::Kind::interrupted};
    if (byte == kEnd && text.empty()) return {};
    if (byte == kEnd || byte == '\n') break;
    text += static_cast<char>(byte);
  }
  if (text.ends_with('\r')) text.pop_back();
  return {.kind = Typed::Kind::line, .text = std::move(text)};
}

Typed ConsoleInput::prompt(const std::string& prompt) {
  if (!is_terminal_) return read_line();
  if (!editor_) editor_ = std::make_unique<Editor>(*this);
  editor_->prompt = prompt;
  interrupts_.take();  // it was for the turn before
  was_interrupted_ = false;
  int count = 0;
  const char* typed = ::el_gets(editor_->line, &count);
  if (was_interrupted_) {
    ::el_set(editor_->line, EL_UNBUFFERED, 0);  // back to the terminal's own ways
    return {.kind = Typed::Kind::interrupted};
  }
  if (typed == nullptr || count <= 0) return {};
  std::string text(typed, static_cast<std::size_t>(count));
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  if (text.find_first_not_of(" \t") != std::string::npos) editor_->remember(text);
  return {.kind = Typed::Kind::line, .text = std::move(text)};
}

Typed ConsoleInput::ask(const std::string& question) {
  std::fputs(question.c_str(), stdout);
  std::fflush(stdout);
  return read_line();
}

Typed ConsoleInput::ask_anew(const std::string& question) {
  ::tcflush(STDIN_FILENO, TCIFLUSH);
  return ask(question);
}

}  // namespace kriya::cli
