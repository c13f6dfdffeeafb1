#include "cli/agent_output.h"

#include <cstdlib>
#include <mutex>

#include <unistd.h>

#include "cli/terminal_text.h"

namespace kriya::cli {
namespace {

constexpr std::size_t kMostShown = 400;  // characters of arguments, and of a result

class TextOutput final : public AgentOutput {
 public:
  explicit TextOutput(bool with_tools_at_start)
      : with_tools_(with_tools_at_start), colour_(::isatty(STDOUT_FILENO) != 0 && std::getenv("NO_COLOR") == nullptr) {}

  void start(const AgentStart& start) override {
    for (const std::string& refused : start.refused) note("Left out: " + refused);
    if (!with_tools_) return;
    print("Connected to " + terminal_line(start.server, kMostShown) + " (MCP " + start.protocol + "), " +
          std::to_string(start.tools.size()) + (start.tools.size() == 1 ? " tool" : " tools") + ":\n");
    print(tool_lines(start.tools));
    if (start.foreign && !start.tools.empty()) {
      print("What a tool of this server does is only what the server says of it.\n");
    }
    if (start.model.empty()) {
      print("No model is configured (OPENAI_API_KEY): type commands, /help lists them.\n");
    } else {
      print("Model: " + terminal_line(start.model, kMostShown) + ". /help lists commands, exit leaves.\n");
    }
  }

  void text(std::string_view delta) override {
    print(terminal_text(delta));
    line_open_ = !delta.ends_with('\n');
  }

  void call_started(const agent::ModelCall& call) override {
    close_line();
    dim("→ " + terminal_line(call.name, kMostShown) + " " + terminal_line(write_json(call.arguments), kMostShown) +
        "\n");
  }

  void progress(const std::string&, double done, std::optional<double> total, const std::string& message) override {
    char figures[64];
    if (total) {
      std::snprintf(figures, sizeof figures, "%g of %g", done, *total);
    } else {
      std::snprintf(figures, sizeof figures, "%g", done);
    }
    dim("  … " + std::string(figures) + (message.empty() ? "" : ": " + terminal_line(message, kMostShown)) + "\n");
  }

  void call_ended(const agent::CallOutcome& outcome) override {
    close_line();
    dim(std::string(outcome.is_error ? "✗ " : "✓ ") + terminal_line(outcome.name, kMostShown) + " " +
        std::string(outcome.status()) + ", " + std::to_string(outcome.duration.count()) +
        " ms: " + terminal_line(outcome.result, kMostShown) + "\n");
  }

  void error(const Error& error) override {
    close_line();
    std::fprintf(stderr, "kriya: %s\n", terminal_line(error.detail, 1'000).c_str());
  }

  void done(const agent::TurnOutcome& outcome) override {
    close_line();
    if (outcome.stopped) note("Stopped.");
  }

  void note(std::string_view text) override {
    close_line();
    std::fprintf(stderr, "%s\n", terminal_text(text).c_str());
  }

 private:
  void print(std::string_view text) {
    const std::scoped_lock lock(mutex_);
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
  }
  void dim(const std::string& text) { print(colour_ ? "\x1b[2m" + text + "\x1b[0m" : text); }
  void close_line() {
    if (std::exchange(line_open_, false)) print("\n");
  }

  const bool with_tools_;
  const bool colour_;
  bool line_open_ = false;
  std::mutex mutex_;
};

class JsonOutput final : public AgentOutput {
 public:
  void start(const AgentStart& start) override {
    json::array tools;
    for (const auto& tool : start.tools) {
      tools.push_back(json::object{{"name", tool->name},
                                   {"title", tool->title},
                                   {"description", tool->description},
                                   {"read_only", tool->annotations.read_only}});
    }
    json::array refused(start.refused.begin(), start.refused.end());
    print({{"event", "start"},
           {"server", start.server},
           {"server_info", start.server_info},
           {"protocol", start.protocol},
           {"model", start.model.empty() ? json::value() : json::value(start.model)},
           {"tools", std::move(tools)},
           {"refused", std::move(refused)}});
  }

  void text(std::string_view delta) override { print({{"event", "text"}, {"delta", delta}}); }

  void call_started(const agent::ModelCall& call) override {
    print({{"event", "tool_call"}, {"id", call.id}, {"name", call.name}, {"arguments", call.arguments}});
  }

  void progress(const std::string& id, double done, std::optional<double> total, const std::string& message) override {
    print({{"event", "tool_progress"},
           {"id", id},
           {"progress", done},
           {"total", total ? json::value(*total) : json::value()},
           {"message", message}});
  }

  void call_ended(const agent::CallOutcome& outcome) override {
    print({{"event", "tool_result"},
           {"id", outcome.id},
           {"name", outcome.name},
           {"status", outcome.status()},
           {"result", outcome.result},
           {"duration_ms", outcome.duration.count()}});
  }

  void error(const Error& error) override {
    print({{"event", "error"}, {"code", name(error.code)}, {"detail", error.detail}});
  }

  void done(const agent::TurnOutcome& outcome) override {
    json::array calls;
    for (const agent::CallOutcome& call : outcome.calls) {
      calls.push_back(json::object{
          {"name", call.name}, {"arguments", call.arguments}, {"status", call.status()}, {"result", call.result}});
    }
    print({{"event", "done"},
           {"response", outcome.response},
           {"tool_calls", std::move(calls)},
           {"stopped", outcome.stopped}});
  }

  void note(std::string_view text) override { std::fprintf(stderr, "%s\n", terminal_text(text).c_str()); }

 private:
  void print(const json::object& event) {
    const std::string line = write_json(event) + "\n";
    const std::scoped_lock lock(mutex_);
    std::fwrite(line.data(), 1, line.size(), stdout);
    std::fflush(stdout);
  }

  std::mutex mutex_;
};

}  // namespace

std::unique_ptr<AgentOutput> text_output(bool with_tools_at_start) {
  return std::make_unique<TextOutput>(with_tools_at_start);
}

std::unique_ptr<AgentOutput> json_output() { return std::make_unique<JsonOutput>(); }

std::string tool_lines(const agent::ToolNames::Specs& tools) {
  std::string lines;
  for (const auto& tool : tools) {
    const std::string& words = tool->title.empty() ? tool->description : tool->title;
    lines += "  " + terminal_line(tool->name, 128) + (words.empty() ? "" : " — " + terminal_line(words, 100));
    if (tool->annotations.read_only) lines += " (reads only)";
    lines += "\n";
  }
  return lines;
}

}  // namespace kriya::cli
