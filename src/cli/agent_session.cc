#include "cli/agent_session.h"

#include <algorithm>

#include "agent/command_help.h"
#include "base/text.h"
#include "cli/terminal_text.h"
#include "runtime/io_threads.h"

namespace kriya::cli {
namespace {

constexpr std::chrono::seconds kListing{30};
constexpr std::chrono::seconds kFarewell{2};
constexpr std::size_t kMostArgumentBytes = 32'000;  // that a person is asked about

const tools::ToolSpec* find(const agent::ToolNames::Specs& specs, std::string_view name) {
  const auto found = std::ranges::find_if(specs, [name](const auto& spec) { return spec->name == name; });
  return found == specs.end() ? nullptr : found->get();
}

Task<bool> say_goodbye(mcp::client::Connection& connection) {
  co_await connection.end(Deadline::after(kFarewell));
  co_return true;
}

}  // namespace

/// Asks at the terminal, in the middle of a turn, which waits meanwhile.
class AgentSession::Approval final : public agent::Approver {
 public:
  explicit Approval(ConsoleInput& input) : input_(input) {}

  Task<Answer> ask(agent::ModelCall call, Deadline deadline) override {
    if (always_.contains(call.name)) co_return Answer{.allowed = true};
    // Nobody can say yes to what they have not seen.
    const std::string arguments = write_json(call.arguments);
    if (arguments.size() > kMostArgumentBytes) {
      co_return Answer{.allowed = false,
                       .words = "The arguments are too long to be shown to the person. The call was not made."};
    }
    const std::string question = "Call " + terminal_line(call.name, 128) + " with " +
                                 terminal_line(arguments, kMostArgumentBytes) + "? [y]es, [n]o, [a]lways this tool: ";
    while (!deadline.stop().stop_requested()) {
      const Typed typed = input_.ask_anew(question);
      if (typed.kind != Typed::Kind::line) break;
      const std::string answer = to_lower(trim(typed.text));
      if (answer == "a" || answer == "always") always_.insert(call.name);
      if (answer == "y" || answer == "yes" || always_.contains(call.name)) co_return Answer{.allowed = true};
      if (answer == "n" || answer == "no") break;
    }
    co_return Answer{.allowed = false, .words = "The person does not want this call. It was not made."};
  }

 private:
  ConsoleInput& input_;
  std::set<std::string, std::less<>> always_;
};

AgentSession::AgentSession(mcp::client::Connection& connection, agent::ChatModel* model, AgentOutput& output,
                           Interrupts& interrupts, ConsoleInput* input, Options options)
    : connection_(connection),
      tools_(connection),
      model_(model),
      output_(output),
      interrupts_(interrupts),
      input_(input),
      options_(std::move(options)) {
  if (input_ != nullptr) approval_ = std::make_shared<Approval>(*input_);
}

AgentSession::~AgentSession() = default;

Result<void> AgentSession::begin() {
  const auto deadline = Deadline::after(kListing).stopped_by(interrupts_.begin());
  const auto agreement = run_to_completion(connection_.agree(deadline));
  if (!agreement) return fail(agreement.error());
  auto listed = run_to_completion(tools_.list({}, deadline));
  if (!listed) return fail(listed.error());
  specs_ = *std::move(listed);
  output_.start({.server = connection_.server().url,
                 .server_info = agreement->server_info,
                 .protocol = agreement->version,
                 .model = model_ == nullptr ? std::string() : options_.model_name,
                 .tools = specs_,
                 .refused = tools_.refused(),
                 .foreign = options_.foreign});
  return {};
}

bool AgentSession::take(const std::string& line) {
  const std::string text(trim(line));
  if (text.empty()) return true;
  if (!utf8_length(text)) return output_.error({Errc::bad_request, "That is no UTF-8."}), false;
  if (agent::is_command(text)) return run_command(text);
  if (model_ == nullptr) {
    output_.error({Errc::model_unavailable,
                   "No model is configured: set OPENAI_API_KEY (and OPENAI_BASE_URL for another provider), or type a "
                   "command; /help lists them."});
    output_.done({});
    return false;
  }
  return ask_model(text);
}

void AgentSession::end() { run_to_completion(say_goodbye(connection_)); }

bool AgentSession::ask_model(const std::string& text) {
  messages_.push_back({.role = agent::Role::user, .content = text});
  agent::TurnRequest request{
      .model = options_.model_name,
      .instructions = options_.instructions,
      .messages = messages_,
      .principal = {},
      .stop = interrupts_.begin(),
      .context = {.principal = {}, .deadline = Deadline::after(kListing), .via = "chat", .session_id = {}}};
  const agent::Turn turn(tools_, options_.limits);
  return finish(run_to_completion(turn.run(*model_, std::move(request), output_, approval_)));
}

bool AgentSession::finish(agent::TurnOutcome outcome) {
  for (agent::Message& message : outcome.messages) messages_.push_back(message);
  if (outcome.failure) output_.error(*outcome.failure);
  output_.done(outcome);
  return !outcome.failure && !outcome.stopped;
}

bool AgentSession::run_command(const std::string& text) {
  const auto wrong = [this](std::string words) {
    output_.error({Errc::bad_request, std::move(words)});
    output_.done({});
    return false;
  };
  const auto say = [this](const std::string& words) {
    output_.text(words);
    output_.done({.response = words});
    return true;
  };
  const auto command = agent::parse_command(text);
  if (!command) return wrong(command.error());
  // A foreign server may have a tool of the name "help", which a slash alone does not mean.
  const tools::ToolSpec* spec = text == "/" ? nullptr : find(specs_, command->name);
  if (spec == nullptr && command->name == "tools") return say(tool_lines(specs_));
  if (spec == nullptr && command->name == "help") {
    const std::string about = command->words.empty() ? std::string() : command->words.front().value;
    const tools::ToolSpec* one = find(specs_, about);
    if (!about.empty() && one == nullptr) return wrong(agent::unknown_command(about, specs_));
    if (one != nullptr) return say(agent::help_text(*one));
    return say(agent::help_text(specs_) + "\n/tools lists the tools; exit, quit or Ctrl-D leaves.\n");
  }
  if (spec == nullptr) return wrong(agent::unknown_command(command->name, specs_));
  auto arguments = agent::typed_arguments(*command, spec->input_schema);
  if (!arguments) return wrong(arguments.error());
  return call_tool(*spec, *std::move(arguments));
}

// What a person types needs no approval by that person.
bool AgentSession::call_tool(const tools::ToolSpec& spec, json::object arguments) {
  const agent::ModelCall call{
      .id = "command_" + std::to_string(++commands_), .name = spec.name, .arguments = std::move(arguments)};
  const std::stop_token stop = interrupts_.begin();
  output_.call_started(call);
  const auto begun = std::chrono::steady_clock::now();
  tools::CallContext context{.principal = {},
                             .deadline = Deadline::after(options_.limits.time).stopped_by(stop),
                             .via = "command",
                             .session_id = {}};
  context.progress = [this, id = call.id](double done, std::optional<double> total, const std::string& message) {
    output_.progress(id, done, total, message);
  };
  const auto result = run_to_completion(tools_.call({call.name, call.arguments}, std::move(context)));
  agent::CallOutcome outcome{.id = call.id, .name = call.name, .arguments = call.arguments, .result = {}};
  outcome.duration = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begun);
  outcome.is_error = !result || result->is_error;
  outcome.result = result ? result->text() : result.error().detail;
  output_.call_ended(outcome);
  agent::TurnOutcome whole{.response = outcome.result, .calls = {outcome}};
  whole.stopped = stop.stop_requested();
  output_.done(whole);
  return !outcome.is_error;
}

}  // namespace kriya::cli
