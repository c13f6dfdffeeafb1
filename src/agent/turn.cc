#include "agent/turn.h"

#include <algorithm>
#include <set>

#include "agent/secrets.h"
#include "agent/tool_names.h"
#include "agent/tool_round.h"
#include "base/encoding.h"
#include "crypto/random.h"

namespace kriya::agent {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::size_t kMostResultBytes = 100'000;
constexpr std::size_t kShortResultBytes = 1'000;  // where the budget is nearly used up
constexpr const char* kNoMoreTools =
    "You cannot call tools any more in this answer. Say what you have found, and what is left undone.";

/// Cut between characters, with a note.
std::string beginning_of(std::string text, std::size_t most) {
  if (text.size() <= most) return text;
  std::size_t end = most;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;  // not within a character
  const std::string note =
      "\n[cut: the first " + std::to_string(end) + " of " + std::to_string(text.size()) + " bytes]";
  text.resize(end);
  return text + note;
}

/// One turn while it goes.
class Run {
 public:
  Run(tools::ToolSource& tools, const TurnLimits& limits, const Turn::Refuse& refuse, const Turn::Still& still,
      ChatModel& model, TurnRequest request, TurnListener& listener, std::shared_ptr<Approver> approver)
      : tools_(tools),
        limits_(limits),
        refuse_(refuse),
        still_(still),
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
    co_await rounds();
    hide_secrets();
    co_return std::move(outcome_);
  }

 private:
  Task<void> rounds() {
    const auto listed = co_await tools_.list(request_.principal, deadline());
    if (!listed) {
      note(listed.error());
      co_return;
    }
    names_ = ToolNames(*listed);
    for (const auto& spec : *listed) {
      functions_.push_back({names_.function_of(spec->name), spec->description, spec->input_schema});
    }
    for (unsigned round = 0; !is_over(); ++round) {
      if (round > 0) co_await look_who_asks();
      if (is_over()) break;
      const bool last = round >= limits_.rounds || spent_ + 2 * estimated_tokens(question(false)) > limits_.tokens;
      Question asked = question(last);
      if (!fits(asked)) {
        say("This answer may take " + std::to_string(limits_.tokens) + " tokens, and the next step would take more.");
        break;
      }
      auto calls = co_await ask(std::move(asked), last);
      if (last || calls.empty() || is_over()) break;
      co_await make(std::move(calls));
    }
    if (outcome_.response.empty() && !is_over()) say("The model gave no answer.");
  }

  /// Somebody who has signed out, or may do less by now, must not go on by a turn that they began before. When that
  /// cannot be told, the turn goes on: each of its calls asks again.
  Task<void> look_who_asks() {
    if (!still_) co_return;
    auto now = co_await still_(request_.principal);
    if (now) {
      request_.principal = *std::move(now);
    } else if (now.error().code == Errc::invalid_token) {
      note(now.error());
    }
  }

  /// What the turn gave is written down.
  void hide_secrets() {
    std::vector<std::string> secrets;
    for (Message& message : outcome_.messages) {
      for (ModelCall& call : message.calls) {
        const tools::ToolSpec* spec = names_.find(names_.function_of(call.name));
        if (spec == nullptr) continue;
        for (std::string& secret : take_secrets(call.arguments, *spec)) secrets.push_back(std::move(secret));
      }
    }
    blot_out(outcome_.messages, secrets);
  }

  static std::int64_t estimated_tokens(const Question& asked) {
    std::int64_t tokens = 0;
    for (const Message& message : asked.messages) tokens += agent::estimated_tokens(message);
    for (const Function& one : asked.functions) {
      const std::size_t bytes = one.name.size() + one.description.size() + write_json(one.parameters).size();
      tokens += static_cast<std::int64_t>(bytes / 4);
    }
    return tokens;
  }

  /// Shortens what tools gave, the longest and oldest first, until the question is within the budget.
  bool fits(Question& asked) const {
    std::int64_t over = spent_ + estimated_tokens(asked) - limits_.tokens;
    while (over > 0) {
      Message* longest = nullptr;
      for (Message& one : asked.messages) {
        if (one.role != Role::tool || one.content.size() <= 2 * kShortResultBytes) continue;
        if (longest == nullptr || one.content.size() > longest->content.size()) longest = &one;
      }
      if (longest == nullptr) return false;
      over -= agent::estimated_tokens(*longest);
      longest->content = beginning_of(std::move(longest->content), kShortResultBytes);
      over += agent::estimated_tokens(*longest);
    }
    return true;
  }

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
    Message said{.role = Role::assistant};
    take_text(said, text);
    outcome_.messages.push_back(std::move(said));
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
  Task<std::vector<ModelCall>> ask(Question asked, bool last) {
    const std::int64_t prompt = estimated_tokens(asked);
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
    const Usage usage = counted.value_or(Usage{prompt, answer ? agent::estimated_tokens(said) : 0});
    if (answer) {
      outcome_.usage.prompt += usage.prompt;
      outcome_.usage.completion += usage.completion;
      // A server that counts wrong, or not at all, must not make the budget endless.
      spent_ += std::max(usage.prompt, prompt / 2) + std::max(usage.completion, agent::estimated_tokens(said) / 2);
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
                                     .still = still_,
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
  const Turn::Still& still_;
  ChatModel& model_;
  TurnRequest request_;
  TurnListener& listener_;
  const std::shared_ptr<Approver> approver_;
  ToolNames names_;
  std::vector<Function> functions_;
  RepeatedCalls repeated_;
  std::set<std::string, std::less<>> ids_;
  Steady::time_point ends_at_ = Steady::now() + limits_.time;
  std::int64_t spent_ = 0;  // tokens, of the budget
  TurnOutcome outcome_;
};

}  // namespace

Task<TurnOutcome> Turn::run(ChatModel& model, TurnRequest request, TurnListener& listener,
                            std::shared_ptr<Approver> approver) const {
  Run run(tools_, limits_, refuse_, still_, model, std::move(request), listener, std::move(approver));
  co_return co_await run.go();
}

std::string text_for_model(std::string text) { return beginning_of(std::move(text), kMostResultBytes); }

std::int64_t estimated_tokens(const Message& message) {
  std::size_t bytes = message.content.size();
  for (const ModelCall& call : message.calls) bytes += call.name.size() + write_json(call.arguments).size() + 16;
  return static_cast<std::int64_t>(bytes / 4) + 4;  // some four bytes a token, and what surrounds a message
}

}  // namespace kriya::agent
