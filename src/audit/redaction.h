// What is taken out of a call before anything of it is written down: secrets and codes always, phone numbers by
// setting. Plain rules, no I/O. They err on the side of taking out too much.
#pragma once

#include <span>
#include <string>

#include "audit/tool_log.h"

namespace kriya::audit {

/// TOOL_LOG_PHONES.
enum class Phones { masked, full };

/// Stateless; safe to use from every thread.
class Redaction {
 public:
  static constexpr std::size_t kLongestResult = 16 * 1024;  // bytes of a result that are kept
  static constexpr std::size_t kLongestText = 4 * 1024;     // of one text among the arguments
  static constexpr std::size_t kLongestArguments = 32 * 1024;
  static constexpr std::size_t kDeepest = 16;  // levels of arguments and metadata that are kept

  explicit Redaction(Phones phones) : mask_phones_(phones == Phones::masked) {}

  /// Redacts and cuts arguments, result and metadata of an entry that has them as they came, and fills in
  /// `argument_bytes` (of the arguments as JSON text), `result_bytes` and `redactions`. `secret_arguments`: names whose
  /// values the tool says are secret. Looks at a bounded part of them, whatever their size. What it leaves is
  /// well-formed UTF-8 of bounded depth, which can be written as JSON and read again.
  void apply(ToolCallEntry& entry, std::span<const std::string> secret_arguments) const;

  /// At any depth: what has a secret's name, and what looks like a secret.
  json::object arguments(const json::object& given, std::span<const std::string> secret_arguments,
                         std::int64_t& redactions) const;

  /// A text; one that is a JSON document is taken apart, and written anew if something was found.
  std::string text(std::string_view given, std::int64_t& redactions) const;

 private:
  bool mask_phones_;
};

}  // namespace kriya::audit
