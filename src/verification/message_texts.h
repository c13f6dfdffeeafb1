// The texts of messages, by language.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace kriya::verification {

/// One language's texts. `{service}` stands for the name of the service, `{code}` (in `code`, once) for the code.
struct MessageTemplate {
  std::string code;
  std::string phone_changed;
  std::vector<std::string> countries;  // ISO 3166: whose numbers get this language when nothing else is asked for
};

/// Reads a template file. Errors: bad_request, naming the member and what is wrong with it.
Result<MessageTemplate> parse_template(std::string_view text);

/// Immutable; safe to use from any thread.
class MessageTexts {
 public:
  struct Rules {
    std::string service_name;
    std::string host;  // of PUBLIC_URL: the last line of a code's message binds the code to it
    unsigned code_length = 6;
    std::filesystem::path folder;  // <locale>.json more, or instead of built-in ones; empty: none
  };

  /// Errors: bad_request, naming the file, the member and what is wrong.
  static Result<MessageTexts> load(Rules rules);

  /// What to know at the start: messages with a code that cost more than one SMS.
  const std::vector<std::string>& warnings() const { return warnings_; }

  /// The locale of the first language of an Accept-Language header (RFC 9110 section 12.5.4) that there is, else that
  /// of the number's country, else "en".
  std::string locale_for(std::string_view accept_language, std::string_view country) const;

  /// The message with a code. Its last line, "@host #code", lets phones offer the code to that host alone
  /// (https://wicg.github.io/sms-one-time-codes/).
  std::string code(const std::string& locale, std::string_view code) const;

  std::string phone_changed(const std::string& locale) const;

 private:
  explicit MessageTexts(Rules rules) : rules_(std::move(rules)) {}
  Result<void> add(const std::string& locale, std::string_view json, const std::string& source);
  Result<void> add_folder();
  void warn_of_length();
  const MessageTemplate& of(const std::string& locale) const;

  Rules rules_;
  std::map<std::string, MessageTemplate> templates_;  // by lower-case locale
  std::vector<std::string> warnings_;
};

}  // namespace kriya::verification
