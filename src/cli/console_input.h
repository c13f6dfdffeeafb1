// What a person types: lines with editing and history at a terminal, plain lines elsewhere.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "cli/interrupts.h"

namespace kriya::cli {

struct Typed {
  enum class Kind { line, interrupted, end } kind = Kind::end;
  std::string text = {};  // of a line, without its end
};

/// Reads standard input, for one thread at a time.
class ConsoleInput {
 public:
  explicit ConsoleInput(Interrupts& interrupts);
  ~ConsoleInput();
  ConsoleInput(const ConsoleInput&) = delete;

  /// Whether a person sits at both ends.
  bool is_terminal() const { return is_terminal_; }

  /// A line for the program, with editing and history at a terminal, where the prompt is shown.
  Typed prompt(const std::string& prompt);

  /// The answer to a question, which is shown; never in the history.
  Typed ask(const std::string& question);

  /// The same; what was typed before the question was there is no answer to it.
  Typed ask_anew(const std::string& question);

  /// Reads the history and keeps it there from now on, mode 0600. Without a file there is one until the end.
  void keep_history(const std::filesystem::path& file);

 private:
  struct Editor;

  Typed read_line();
  /// The next byte; kEnd, or kInterrupted.
  int read_byte();
  static constexpr int kEnd = -1;
  static constexpr int kInterrupted = -2;

  Interrupts& interrupts_;
  const bool is_terminal_;
  bool was_interrupted_ = false;
  std::unique_ptr<Editor> editor_;
};

}  // namespace kriya::cli
