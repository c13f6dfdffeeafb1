#include "agent/turn.h"

#include <algorithm>
#include <set>

#include <boost/json/serialize.hpp>

#include "agent/tool_names.h"
#include "agent/tool_round.h"
#include "base/encoding.h"
#include "crypto/random.h"

namespace kriya::agent {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::size_t kMostResultBytes = 100'000;
constexpr const char* kNoMoreTools =
    "You cannot call tools any more in this answer. Say what you have found, and what is left undone.";

/// One turn while it goes.
class Run {
 public:
  Run(tools::ToolSource& tools, const TurnLimits& limits, const Turn::Refuse& refuse, ChatModel& model,
      TurnRequest request, TurnListener& listener, std::shared_ptr<Approver> approver)
      : tools_(tools),
        limits_(limits),
        refuse_(refuse),
        model_(model),
        request_(std::move(request)),
        listener_(listener),
        approver_(std::move(approver)) {
    // A model that counts anew in every turn would repeat an id of the history, and strict servers refuse that.
    for (const Message& message : request_.messages) {
      for (const ModelCall& call : message.calls) ids_.insert(call.id);
    }
  }

  Task<TurnOutcome> go() {
    const auto listed = co_await tools_.list(request_.principal, deadline());
    if (!listed) {
      note(listed.error());
      co_return std::move(outcome_);
    }
    names_ = ToolNames(*listed);
    for (const auto& spec : *listed) {
      functions_.push_back({names_.function_of(spec->name), spec->description, spec->input_schema});
    }
    for (unsigned round = 0; !is_over(); ++round) {
      const bool last = round >= limits_.rounds || outcome_.usage.total() >= limits_.tokens;
      auto calls = co_await ask(last);
      if (last || calls.empty() || is_over()) break;
      co_await make(std::move(calls));
    }
    if (outcome_.response.empty() && !is_over()) say("The model gave no answer.");
    co_return std::move(outcome_);
  }

 private:
  bool is_over() {
    if (request_.stop.stop_requested()) outcome_.stopped = true;
    return outcome_.stopped || outcome_.failure;
  }

  std::chrono::milliseconds time_left() const {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(ends_at_ - Steady::now());
    return std::max(left, std::chrono::milliseconds(0));
  }
  Deadline deadline() const { return Deadline::after(time_left()).stopped_by(request_.stop); }

  void note(Error error) {
    if (request_.stop.stop_requested()) {
      outcome_.stopped = true;
    } else if (time_left().count() == 0) {
      outcome_.failure =
          Error{Errc::model_unavailable,
                "The answer took longer than " + std::to_string(limits_.time.count()) + " seconds, and was given up."};
    } else {
      outcome_.failure = std::move(error);
    }
  }

  /// What the model answers with by itself; for when it says nothing.
  void say(const std::string& text) {
    listener_.text(text);
    outcome_.response += text;
    outcome_.messages.push_back({.role = Role::assistant, .content = text});
  }

  /// The model knows tools by their functions' names, stored conversations by their own.
  Message for_model(Message message) const {
    for (ModelCall& call : message.calls) call.name = names_.function_of(call.name);
    return message;
  }

  Question question(bool last) const {
    Question asked{.model = request_.model, .messages = {}};
    std::string instructions = request_.instructions;
    if (last) {
      instructions += (instructions.empty() ? "" : "\n\n") + std::string(kNoMoreTools);
    } else {
      asked.functions = functions_;
    }
    if (!instructions.empty()) asked.messages.push_back({.role = Role::system, .content = std::move(instructions)});
    for (const Message& message : request_.messages) asked.messages.push_back(for_model(message));
    for (const Message& message : outcome_.messages) asked.messages.push_back(for_model(message));
    return asked;
  }

  /// The calls that the model wants; what it says goes to the listener at once.
  Task<std::vector<ModelCall>> ask(bool last) {
    Question asked = question(last);
    std::int64_t prompt = 0;
    for (const Message& message : asked.messages) prompt += estimated_tokens(message);
    Message said{.role = Role::assistant};
    std::optional<Usage> counted;
    auto answer = co_await model_.ask(std::move(asked), deadline());
    if (!answer) note(answer.error());
    for (bool more = answer.has_value(); more;) {
      auto event = co_await (*answer)->next();
      if (!event) {
        note(event.error());
        break;
      }
      if (request_.stop.stop_requested()) break;
      if (auto* delta = std::get_if<TextDelta>(&*event)) take_text(said, std::move(delta->text));
      if (auto* call = std::get_if<ModelCall>(&*event)) said.calls.push_back(std::move(*call));
      if (const auto* usage = std::get_if<Usage>(&*event)) counted = *usage;
      more = !std::holds_alternative<Finished>(*event);
    }
    if (last || is_over()) said.calls.clear();
    const Usage usage = counted.value_or(Usage{prompt, answer ? estimated_tokens(said) : 0});
    if (answer) {
      outcome_.usage.prompt += usage.prompt;
      outcome_.usage.completion += usage.completion;
    }
    auto calls = with_ids(said.calls);
    said.calls = calls;
    for (ModelCall& call : said.calls) {
      if (const auto* spec = names_.find(call.name)) call.name = spec->name;
    }
    if (!said.content.empty() || !said.calls.empty()) outcome_.messages.push_back(std::move(said));
    co_return calls;
  }

  void take_text(Message& said, std::string delta) {
    if (said.content.empty() && !outcome_.response.empty()) {
      constexpr const char* kBetweenRounds = "\n\n";
      listener_.text(kBetweenRounds);
      outcome_.response += kBetweenRounds;
    }
    listener_.text(delta);
    outcome_.response += delta;
    said.content += delta;
  }

  /// An id that is missing, or was had already, would make two answers one.
  std::vector<ModelCall> with_ids(std::vector<ModelCall> calls) {
    for (ModelCall& call : calls) {
      if (call.id.empty() || call.id.size() > 128 || !ids_.insert(call.id).second) {
        call.id = "call_" + hex_encode(crypto::random_bytes(12));
        ids_.insert(call.id);
      }
    }
    return calls;
  }

  Task<void> make(std::vector<ModelCall> calls) {
    auto made = co_await make_calls({.tools = tools_,
                                     .names = names_,
                                     .approval = limits_.approval,
                                     .refuse = refuse_,
                                     .listener = listener_,
                                     .approver = approver_,
                                     .principal = request_.principal,
                                     .context = request_.context,
                                     .stop = request_.stop,
                                     .time = time_left(),
                                     .repeated = repeated_},
                                    std::move(calls));
    ends_at_ += made.waited;
    for (CallOutcome& outcome : made.calls) {
      outcome_.messages.push_back({.role = Role::tool, .content = outcome.result, .calls = {}, .call_id = outcome.id});
      outcome_.calls.push_back(std::move(outcome));
    }
  }

  tools::ToolSource& tools_;
  const TurnLimits& limits_;
  const Turn::Refuse& refuse_;
  ChatModel& model_;
  TurnRequest request_;
  TurnListener& listener_;
  const std::shared_ptr<Approver> approver_;
  ToolNames names_;
  std::vector<Function> functions_;
  RepeatedCalls repeated_;
  std::set<std::string, std::less<>> ids_;
  Steady::time_point ends_at_ = Steady::now() + limits_.time;
  TurnOutcome outcome_;
};

}  // namespace

Task<TurnOutcome> Turn::run(ChatModel& model, TurnRequest request, TurnListener& listener,
                            std::shared_ptr<Approver> approver) const {
  Run run(tools_, limits_, refuse_, model, std::move(request), listener, std::move(approver));
  co_return co_await run.go();
}

std::string text_for_model(std::string text) {
  if (text.size() <= kMostResultBytes) return text;
  std::size_t end = kMostResultBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;  // not within a character
  const std::string note =
      "\n[cut: the first " + std::to_string(end) + " of " + std::to_string(text.size()) + " bytes]";
  text.resize(end);
  return text + note;
}

std::int64_t estimated_tokens(const Message& message) {
  std::size_t bytes = message.content.size();
  for (const ModelCall& call : message.calls) bytes += call.name.size() + json::serialize(call.arguments).size() + 16;
  return static_cast<std::int64_t>(bytes / 4) + 4;  // some four bytes a token, and what surrounds a message
}

}  // namespace kriya::agent
