#include "agent/tool_round.h"

#include <mutex>

#include <boost/asio/co_spawn.hpp>
#include <boost/json/serialize.hpp>

#include "runtime/mailbox.h"

namespace kriya::agent {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::size_t kMostCallsAtOnce = 32;
constexpr std::chrono::seconds kGrace{2};  // for tools to end after they were told to
constexpr std::size_t kStopped = static_cast<std::size_t>(-1);

struct Ended {
  std::size_t index = kStopped;
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
  const Turn::Refuse& refuse;
  Approver* approver;
  bool needs_approval;
  std::size_t index;
  ModelCall call;  // with the tool's own name
  tools::CallContext context;
  std::stop_token stop;
  Steady::duration time;
  std::shared_ptr<ProgressDoor> door;
  std::shared_ptr<Mailbox<Ended>> ended;
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
  if (text.empty() && result.structured) text = json::serialize(*result.structured);
  return text;
}

Deadline deadline_of(const CallUnderWay& one) {
  return Deadline::after(std::chrono::duration_cast<std::chrono::milliseconds>(one.time)).stopped_by(one.stop);
}

Task<CallOutcome> answer_of(CallUnderWay& one, Steady::duration& waited) {
  if (one.needs_approval) {
    const auto asked = Steady::now();
    const std::string no_one = "The person has to approve this call, and cannot be asked here. It was not made.";
    const auto answer = one.approver == nullptr ? Approver::Answer{.allowed = false, .words = no_one}
                                                : co_await one.approver->ask(one.call, deadline_of(one));
    waited = Steady::now() - asked;
    one.context.deadline = deadline_of(one);
    if (!answer.allowed) {
      if (one.refuse) co_await one.refuse({one.call.name, one.call.arguments}, one.context, answer.words);
      co_return outcome_of(one.call, true, answer.words);
    }
    one.context.decision = "approved";
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

/// Why this call is not made at all; empty: it is.
std::string objection(const ToolRound& round, const ModelCall& call, const tools::ToolSpec* spec, std::size_t index) {
  if (spec == nullptr) return "There is no tool of that name.";
  if (!call.broken.empty()) {
    return "The arguments are no JSON object. Call the tool again with a complete JSON object.";
  }
  if (index >= kMostCallsAtOnce) {
    return "Too many calls at once: at most " + std::to_string(kMostCallsAtOnce) + " are made.";
  }
  if (!round.repeated.count(call)) {
    return "This call was made twice already with the same arguments. Use what it gave, or do something else.";
  }
  return {};
}

void start(const ToolRound& round, const ModelCall& call, const tools::ToolSpec& spec, std::size_t index,
           const std::shared_ptr<ProgressDoor>& door, const std::shared_ptr<Mailbox<Ended>>& ended,
           const Executor& executor) {
  const bool writes = !spec.annotations.read_only;
  auto one = std::make_shared<CallUnderWay>(CallUnderWay{
      .tools = round.tools,
      .refuse = round.refuse,
      .approver = round.approver,
      .needs_approval = round.approval == Approval::always || (round.approval == Approval::writes && writes),
      .index = index,
      .call = call,
      .context = round.context,
      .stop = round.stop,
      .time = round.time,
      .door = door,
      .ended = ended});
  one->context.principal = round.principal;
  one->context.progress = [door, id = call.id](double done, std::optional<double> total, const std::string& message) {
    door->tell(id, done, total, message);
  };
  asio::co_spawn(executor, make_call(one), [one](const std::exception_ptr& failure) {
    if (failure) one->ended->put({one->index, outcome_of(one->call, true, "The tool failed."), {}});
  });
}

}  // namespace

bool RepeatedCalls::count(const ModelCall& call) {
  return ++counts_[call.name + '\n' + json::serialize(call.arguments)] <= kMost;
}

Task<RoundOutcome> make_calls(ToolRound round, std::vector<ModelCall> calls) {
  const Executor executor = co_await asio::this_coro::executor;
  const auto ended = std::make_shared<Mailbox<Ended>>(executor);
  const auto door = std::make_shared<ProgressDoor>(round.listener);
  std::vector<std::optional<CallOutcome>> outcomes(calls.size());
  RoundOutcome all;
  std::size_t under_way = 0;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    const tools::ToolSpec* spec = round.names.find(calls[i].name);
    if (spec != nullptr) calls[i].name = spec->name;
    round.listener.call_started(calls[i]);
    if (auto words = objection(round, calls[i], spec, i); !words.empty()) {
      outcomes[i] = outcome_of(calls[i], true, std::move(words));
      round.listener.call_ended(*outcomes[i]);
    } else {
      start(round, calls[i], *spec, i, door, ended, executor);
      ++under_way;
    }
  }
  const std::stop_callback wake(round.stop, [ended] { ended->put({}); });
  const auto patience = std::chrono::duration_cast<std::chrono::milliseconds>(round.time) + kGrace;
  bool asking = round.approver != nullptr;  // a person may take longer than a tool
  while (under_way > 0) {
    const bool stopped = round.stop.stop_requested();
    auto one = co_await ended->take(stopped ? std::chrono::milliseconds(kGrace) : patience);
    if (!one) {
      if (stopped || !std::exchange(asking, false)) break;
      continue;
    }
    if (one->index == kStopped) continue;
    --under_way;
    all.waited = std::max(all.waited, one->waited);
    round.listener.call_ended(one->outcome);
    outcomes[one->index] = std::move(one->outcome);
  }
  door->close();
  for (std::size_t i = 0; i < calls.size(); ++i) {
    if (!outcomes[i]) {
      outcomes[i] = outcome_of(calls[i], true, "The call was given up.");
      round.listener.call_ended(*outcomes[i]);
    }
    all.calls.push_back(*std::move(outcomes[i]));
  }
  co_return all;
}

}  // namespace kriya::agent
