#include "agent/tool_round.h"

#include <map>
#include <mutex>

#include <boost/asio/co_spawn.hpp>

#include "runtime/mailbox.h"

namespace kriya::agent {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::size_t kMostCallsAtOnce = 32;
constexpr std::chrono::seconds kGrace{2};  // for tools to end after they were told to
constexpr std::size_t kNone = static_cast<std::size_t>(-1);
constexpr std::chrono::seconds kLook{60};  // while only the person is waited for
constexpr const char* kGivenUp = "The call was given up.";

/// One that has ended; kNone: something else has changed.
struct Ended {
  std::size_t index = kNone;
  CallOutcome outcome = {};
  Steady::duration waited = {};
};

/// The way from a tool to the listener, which may be gone before the tool ends.
class ProgressDoor {
 public:
  explicit ProgressDoor(TurnListener& listener) : listener_(&listener) {}

  void tell(const std::string& id, double done, std::optional<double> total, const std::string& message) {
    const std::lock_guard lock(mutex_);
    if (listener_ != nullptr) listener_->progress(id, done, total, message);
  }
  void close() {
    const std::lock_guard lock(mutex_);
    listener_ = nullptr;
  }

 private:
  std::mutex mutex_;
  TurnListener* listener_;
};

/// One call under way; owns all that it touches but the parts of the program.
struct CallUnderWay {
  tools::ToolSource& tools;
  Turn::Refuse refuse;
  Turn::Still still;
  std::shared_ptr<Approver> approver;
  bool needs_approval;
  std::size_t index;
  ModelCall call;  // with the tool's own name
  tools::CallContext context;
  std::stop_token stop;
  Steady::duration time;
  std::shared_ptr<ProgressDoor> door;
  std::shared_ptr<Mailbox<Ended>> ended;
  std::optional<Steady::time_point> give_up_at = {};  // none: the person is asked
  bool given_up = false;
};

CallOutcome outcome_of(const ModelCall& call, bool is_error, std::string text) {
  return {.id = call.id,
          .name = call.name,
          .arguments = call.arguments,
          .is_error = is_error,
          .result = text_for_model(std::move(text)),
          .duration = {}};
}

std::string text_of(const tools::ToolResult& result) {
  std::string text = result.text();
  if (text.empty() && result.structured) text = write_json(*result.structured);
  return text;
}

Deadline deadline_of(const CallUnderWay& one) {
  return Deadline::after(std::chrono::duration_cast<std::chrono::milliseconds>(one.time)).stopped_by(one.stop);
}

void start_clock(CallUnderWay& one) { one.give_up_at = Steady::now() + one.time + kGrace; }

Task<Approver::Answer> permission(CallUnderWay& one) {
  if (!one.approver) {
    co_return Approver::Answer{
        .allowed = false,
        .words = "The person has to approve this call, and cannot be asked here. It was not made.",
        .kind = "unanswered"};
  }
  auto answer = co_await one.approver->ask(one.call, deadline_of(one));
  // The turn has told the model already that nothing came of it.
  if (one.given_up || (answer.allowed && one.stop.stop_requested())) {
    co_return Approver::Answer{.allowed = false, .words = kGivenUp, .kind = "cancelled"};
  }
  co_return answer;
}

/// A turn that ends before the person has decided is nobody's denial.
tools::Refusal refusal_of(const Approver::Answer& answer) {
  return {.decision = answer.kind == "cancelled" ? "none" : "denied", .kind = answer.kind, .words = answer.words};
}

/// Of somebody who may not act any more; or nobody can tell just now who it is.
tools::Refusal refusal_of(const Error& error) {
  const bool signed_out = error.code == Errc::invalid_token;
  return {.decision = signed_out ? "denied" : "none",
          .kind = signed_out ? "signed_out" : "unavailable",
          .words = error.detail};
}

Task<CallOutcome> refused(CallUnderWay& one, tools::Refusal refusal) {
  if (one.refuse) co_await one.refuse({one.call.name, one.call.arguments}, one.context, refusal);
  co_return outcome_of(one.call, true, refusal.words);
}

Task<CallOutcome> answer_of(CallUnderWay& one, Steady::duration& waited) {
  if (one.needs_approval) {
    const auto asked = Steady::now();
    const auto answer = co_await permission(one);
    waited = Steady::now() - asked;
    start_clock(one);
    one.ended->put({});
    one.context.deadline = deadline_of(one);
    if (!answer.allowed) co_return co_await refused(one, refusal_of(answer));
    one.context.decision = "approved";
  }
  if (one.still) {
    auto now = co_await one.still(one.context.principal);
    if (!now) co_return co_await refused(one, refusal_of(now.error()));
    one.context.principal = *std::move(now);
  }
  const auto begun = Steady::now();
  one.context.deadline = deadline_of(one);
  auto result = co_await one.tools.call({one.call.name, one.call.arguments}, one.context);
  auto outcome = result ? outcome_of(one.call, result->is_error, text_of(*result))
                        : outcome_of(one.call, true, result.error().detail);
  outcome.duration = std::chrono::duration_cast<std::chrono::milliseconds>(Steady::now() - begun);
  co_return outcome;
}

Task<void> make_call(std::shared_ptr<CallUnderWay> one) {
  Steady::duration waited{};
  auto outcome = co_await answer_of(*one, waited);
  one->ended->put({one->index, std::move(outcome), waited});
}

/// Why this call is not made at all; nullopt: it is. Nobody decides on such a call.
std::optional<tools::Refusal> objection(const ToolRound& round, const ModelCall& call, const tools::ToolSpec* spec,
                                        std::size_t index) {
  const auto because = [](std::string kind, std::string words) {
    return tools::Refusal{.decision = "none", .kind = std::move(kind), .words = std::move(words)};
  };
  if (spec == nullptr) return because("not_found", "There is no tool of that name.");
  if (!call.broken.empty()) {
    return because("arguments", "The arguments are no JSON object. Call the tool again with a complete JSON object.");
  }
  if (index >= kMostCallsAtOnce) {
    return because("too_many", "Too many calls at once: at most " + std::to_string(kMostCallsAtOnce) + " are made.");
  }
  if (!round.repeated.count(call)) {
    return because("repeated",
                   "This call was made twice already with the same arguments. Use what it gave, or do something else.");
  }
  return std::nullopt;
}

/// With the members of every object sorted by their names: models write them in any order.
json::value with_sorted_members(const json::value& value) {
  if (const json::array* list = value.if_array()) {
    json::array sorted;
    for (const json::value& one : *list) sorted.push_back(with_sorted_members(one));
    return sorted;
  }
  const json::object* object = value.if_object();
  if (object == nullptr) return value;
  std::map<std::string_view, const json::value*> members;
  for (const auto& member : *object) members.emplace(member.key(), &member.value());
  json::object sorted;
  for (const auto& [name, member] : members) sorted[name] = with_sorted_members(*member);
  return sorted;
}

tools::CallContext context_of(const ToolRound& round) {
  tools::CallContext context = round.context;
  context.principal = round.principal;
  return context;
}

std::shared_ptr<CallUnderWay> start(const ToolRound& round, const ModelCall& call, const tools::ToolSpec& spec,
                                    std::size_t index, const std::shared_ptr<ProgressDoor>& door,
                                    const std::shared_ptr<Mailbox<Ended>>& ended, const Executor& executor) {
  const bool writes = !spec.annotations.read_only;
  auto one = std::make_shared<CallUnderWay>(CallUnderWay{
      .tools = round.tools,
      .refuse = round.refuse,
      .still = round.still,
      .approver = round.approver,
      .needs_approval = round.approval == Approval::always || (round.approval == Approval::writes && writes),
      .index = index,
      .call = call,
      .context = context_of(round),
      .stop = round.stop,
      .time = round.time,
      .door = door,
      .ended = ended});
  if (!one->needs_approval) start_clock(*one);
  one->context.progress = [door, id = call.id](double done, std::optional<double> total, const std::string& message) {
    door->tell(id, done, total, message);
  };
  asio::co_spawn(executor, make_call(one), [one](const std::exception_ptr& failure) {
    if (failure) one->ended->put({one->index, outcome_of(one->call, true, "The tool failed."), {}});
  });
  return one;
}

/// When to wait no more for what is under way; none: not while the person is asked.
std::optional<Steady::time_point> latest_end(const std::vector<std::shared_ptr<CallUnderWay>>& under_way) {
  Steady::time_point latest = Steady::time_point::min();
  for (const auto& one : under_way) {
    if (!one->give_up_at) return std::nullopt;
    latest = std::max(latest, *one->give_up_at);
  }
  return latest;
}

}  // namespace

bool RepeatedCalls::count(const ModelCall& call) {
  return ++counts_[call.name + '\n' + write_json(with_sorted_members(call.arguments))] <= kMost;
}

Task<RoundOutcome> make_calls(ToolRound round, std::vector<ModelCall> calls) {
  const Executor executor = co_await asio::this_coro::executor;
  const auto ended = std::make_shared<Mailbox<Ended>>(executor);
  const auto door = std::make_shared<ProgressDoor>(round.listener);
  std::vector<std::optional<CallOutcome>> outcomes(calls.size());
  RoundOutcome all;
  std::vector<std::shared_ptr<CallUnderWay>> under_way;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    const tools::ToolSpec* spec = round.names.find(calls[i].name);
    if (spec != nullptr) calls[i].name = spec->name;
    round.listener.call_started(calls[i]);
    if (auto refusal = objection(round, calls[i], spec, i)) {
      tools::ToolCall wish{calls[i].name, calls[i].arguments, calls[i].broken};
      if (round.refuse) co_await round.refuse(std::move(wish), context_of(round), *refusal);
      outcomes[i] = outcome_of(calls[i], true, std::move(refusal->words));
      round.listener.call_ended(*outcomes[i]);
    } else {
      under_way.push_back(start(round, calls[i], *spec, i, door, ended, executor));
    }
  }
  const std::stop_callback wake(round.stop, [ended] { ended->put({}); });
  std::optional<Steady::time_point> stopped_until;
  while (!under_way.empty()) {
    if (round.stop.stop_requested() && !stopped_until) stopped_until = Steady::now() + kGrace;
    const auto until = stopped_until ? stopped_until : latest_end(under_way);
    const auto span = until ? *until - Steady::now() : Steady::duration(kLook);
    auto one = co_await ended->take(std::chrono::ceil<std::chrono::milliseconds>(span));
    if (!one && until) break;
    if (!one || one->index == kNone) continue;
    std::erase_if(under_way, [&](const auto& other) { return other->index == one->index; });
    all.waited = std::max(all.waited, one->waited);
    round.listener.call_ended(one->outcome);
    outcomes[one->index] = std::move(one->outcome);
  }
  for (const auto& one : under_way) one->given_up = true;
  door->close();
  for (std::size_t i = 0; i < calls.size(); ++i) {
    if (!outcomes[i]) {
      outcomes[i] = outcome_of(calls[i], true, kGivenUp);
      round.listener.call_ended(*outcomes[i]);
    }
    all.calls.push_back(*std::move(outcomes[i]));
  }
  co_return all;
}

}  // namespace kriya::agent
