// Development's provider: every message is a line on standard output.
#pragma once

#include <functional>
#include <string>

#include "messaging/ports.h"

namespace kriya::messaging {

/// Prints `SMS to <E.164>: <text>`, newlines in the text as `\n`, one line a message; `WhatsApp to ...` and
/// `Voice to ...` alike. The only place where a number or a code is printed, which is why production refuses it.
class ConsoleSender final : public MessageSender {
 public:
  /// Gets a whole line without its end, from any thread, one at a time.
  using Print = std::function<void(const std::string& line)>;

  explicit ConsoleSender(Print print) : print_(std::move(print)) {}

  std::string_view provider() const override { return "console"; }
  bool carries(Channel channel, const Content& content) const override;
  Task<SendOutcome> send(Outgoing message, Deadline deadline) override;

 private:
  Print print_;
};

/// Writes a line to standard output at once, whole among those of other threads.
void print_to_standard_output(const std::string& line);

/// What a message says, on one line, for a person to read.
std::string in_words(const Content& content);

}  // namespace kriya::messaging
