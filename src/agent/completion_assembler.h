// The chunks of a Chat Completions answer, put together: whatever the many servers that speak it make of it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/chat_model.h"

namespace kriya::agent {

/// Takes the data of one server-sent event after the other, or one whole answer that was not streamed. No I/O.
///
/// What it puts up with: calls in parts; several calls that all have index 0; calls without an id or an index; "stop"
/// as the reason although there are calls; arguments as an object, as nothing, twice encoded; content that is null;
/// usage in a chunk of its own; no [DONE]. Arguments that are no JSON object are the model's mistake, not ours: the
/// call says so (ModelCall::broken).
class CompletionAssembler {
 public:
  static constexpr std::size_t kMostTextBytes = 4 * 1024 * 1024;
  static constexpr std::size_t kMostArgumentBytes = 1024 * 1024;  // of all calls together
  static constexpr std::size_t kMostCalls = 128;

  /// The text that this brings; nullopt: none. Errors: model_unavailable (an error object, no JSON, too long),
  /// overloaded (an error object that says so); then nothing more is taken.
  Result<std::optional<std::string>> take(std::string_view data);

  /// Whether the answer said that it was over ([DONE]); what comes after it does not matter.
  bool done() const { return done_; }

  /// At the end of the stream: the calls, usage where it is known, and Finished. Errors: model_unavailable, when the
  /// stream broke off before the answer was over.
  Result<std::vector<ModelEvent>> finish();

 private:
  struct Slot {
    std::optional<std::int64_t> index;
    std::string id;
    std::string name;
    std::string arguments;
  };

  Result<std::optional<std::string>> take_choice(const json::object& choice);
  Result<void> take_call(const json::object& call, bool whole);
  Slot& slot_for(std::optional<std::int64_t> index, std::string_view id, std::string_view name, bool whole);
  void take_usage(const json::object& usage);

  std::vector<Slot> slots_;
  std::optional<Usage> usage_;
  std::optional<std::string> reason_;
  std::size_t text_bytes_ = 0;
  std::size_t argument_bytes_ = 0;
  bool done_ = false;
};

}  // namespace kriya::agent
