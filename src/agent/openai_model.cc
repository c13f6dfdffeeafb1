#include "agent/openai_model.h"

#include <charconv>
#include <deque>

#include "agent/completion_assembler.h"
#include "agent/roles.h"
#include "base/text.h"
#include "http/sse.h"

namespace kriya::agent {
namespace {

namespace client = http::client;

constexpr std::chrono::seconds kLongestRetryAfter{3'600};
constexpr std::size_t kMostWholeAnswerBytes = 8 * 1024 * 1024;

json::object call_to_json(const ModelCall& call) {
  return {{"id", call.id},
          {"type", "function"},
          {"function", {{"name", call.name}, {"arguments", call.broken.empty() ? write_json(call.arguments) : "{}"}}}};
}

json::object to_json(const Message& message) {
  json::object object{{"role", word_of(message.role)}};
  if (message.role == Role::assistant && message.content.empty() && !message.calls.empty()) {
    object["content"] = nullptr;
  } else {
    object["content"] = message.content;
  }
  if (!message.calls.empty()) {
    json::array calls;
    for (const ModelCall& call : message.calls) calls.push_back(call_to_json(call));
    object["tool_calls"] = std::move(calls);
  }
  if (message.role == Role::tool) object["tool_call_id"] = message.call_id;
  return object;
}

/// Only seconds: the date form needs a clock, and no provider is known to send it.
std::chrono::seconds retry_after(const client::Response& head) {
  const auto text = head.header("Retry-After");
  if (!text) return {};
  std::int64_t seconds = 0;
  const std::string_view trimmed = trim(*text);
  const auto [end, error] = std::from_chars(trimmed.data(), trimmed.data() + trimmed.size(), seconds);
  if (error != std::errc() || end == trimmed.data() || seconds < 0) return {};
  return std::min(std::chrono::seconds(seconds), kLongestRetryAfter);
}

/// A provider's refusal, in words of our own: its texts may quote the key.
Error refusal(const client::Response& head) {
  const int status = head.status;
  if (status == 401 || status == 403) return {Errc::model_unavailable, "The model provider refused our key."};
  if (status == 404) return {Errc::model_unavailable, "The model provider knows no such model."};
  if (status == 429) {
    Error error{Errc::overloaded, "The model provider takes no more questions for now."};
    error.retry_after = retry_after(head);
    return error;
  }
  const std::string number = std::to_string(status);
  if (status >= 500) return {Errc::model_unavailable, "The model provider failed (" + number + ")."};
  return {Errc::model_unavailable, "The model provider did not take the question (" + number + ")."};
}

Error broken(const client::Failure& failure) {
  if (failure.stopped) return {Errc::model_unavailable, "The answer was stopped."};
  if (failure.timed_out) return {Errc::model_unavailable, "The model provider did not answer in time."};
  if (!failure.sent) return {Errc::model_unavailable, "The model provider cannot be reached."};
  return {Errc::model_unavailable, "The connection to the model provider broke."};
}

class OpenAiAnswer final : public ModelAnswer {
 public:
  explicit OpenAiAnswer(std::unique_ptr<client::Stream> stream) : stream_(std::move(stream)) {}

  Task<Result<ModelEvent>> next() override {
    // What was said before a failure is heard before it, also when both came in one piece.
    while (events_.empty()) {
      if (failure_) co_return fail(*failure_);
      auto piece = co_await stream_->next();
      if (!piece) co_return fail(broken(piece.error()));
      auto taken = *piece ? take(**piece) : end();
      if (!taken) failure_ = std::move(taken.error());
    }
    auto event = std::move(events_.front());
    events_.pop_front();
    co_return event;
  }

 private:
  /// Some answer a streamed question with one JSON document, whatever content type they give it.
  bool is_one_document() const { return !beginning_.empty() && beginning_.front() == '{'; }

  Result<void> take(std::string_view bytes) {
    if (is_one_document() || beginning_.empty()) {
      beginning_ +=
          beginning_.empty() ? bytes.substr(std::min(bytes.find_first_not_of(" \t\r\n"), bytes.size())) : bytes;
      if (beginning_.size() > kMostWholeAnswerBytes) {
        return fail(Errc::model_unavailable, "The model's answer is too long.");
      }
      if (is_one_document() || beginning_.empty()) return {};
      bytes = beginning_;
    }
    const auto parsed = parser_.feed(bytes);
    if (!parsed) return fail(Errc::model_unavailable, "The model's answer is too long.");
    for (const http::SseEvent& event : *parsed) {
      if (auto taken = take_data(event.data); !taken) return taken;
    }
    return assembler_.done() ? end() : Result<void>{};
  }

  Result<void> take_data(std::string_view data) {
    auto text = assembler_.take(data);
    if (!text) return fail(std::move(text.error()));
    if (*text) events_.emplace_back(TextDelta{*std::move(*text)});
    return {};
  }

  Result<void> end() {
    if (is_one_document()) {
      if (auto taken = take_data(beginning_); !taken) return taken;
    } else if (const auto rest = parser_.feed("\n\n")) {  // the last blank line may be missing
      for (const http::SseEvent& event : *rest) {
        if (auto taken = take_data(event.data); !taken) return taken;
      }
    }
    auto last = assembler_.finish();
    if (!last) return fail(std::move(last.error()));
    for (ModelEvent& event : *last) events_.push_back(std::move(event));
    return {};
  }

  std::unique_ptr<client::Stream> stream_;
  http::SseParser parser_;
  CompletionAssembler assembler_;
  std::string beginning_;  // of the body, without white space; all of it where it is one document
  std::deque<ModelEvent> events_;
  std::optional<Error> failure_;  // comes after them
};

}  // namespace

std::string chat_completions_request(const Question& question) {
  json::array messages;
  for (const Message& message : question.messages) messages.push_back(to_json(message));
  json::object body{{"model", question.model},
                    {"messages", std::move(messages)},
                    {"stream", true},
                    {"stream_options", {{"include_usage", true}}}};
  if (!question.functions.empty()) {
    json::array functions;
    for (const Function& function : question.functions) {
      functions.push_back(
          {{"type", "function"},
           {"function",
            {{"name", function.name}, {"description", function.description}, {"parameters", function.parameters}}}});
    }
    body["tools"] = std::move(functions);
  }
  return write_json(body);
}

OpenAiModel::OpenAiModel(client::StreamingClient& client, std::string base_url, Secret key)
    : client_(client), url_(std::move(base_url) + "/chat/completions"), key_(std::move(key)) {}

Task<Result<std::unique_ptr<ModelAnswer>>> OpenAiModel::ask(Question question, Deadline deadline) {
  client::Request request{.method = "POST",
                          .url = url_,
                          .headers = {{"Content-Type", "application/json"}, {"Accept", "text/event-stream"}},
                          .body = chat_completions_request(question)};
  if (!key_.empty()) request.headers.emplace_back("Authorization", "Bearer " + std::string(key_.reveal()));
  auto opened = co_await client_.open(request, deadline);
  // Only what was certainly never heard is asked again: an answer costs money.
  if (!opened && !opened.error().sent && !deadline.passed()) {
    opened = co_await client_.open(std::move(request), deadline);
  }
  if (!opened) co_return fail(broken(opened.error()));
  const client::Response& head = (*opened)->head();
  if (head.status < 200 || head.status > 299) co_return fail(refusal(head));
  co_return std::make_unique<OpenAiAnswer>(*std::move(opened));
}

}  // namespace kriya::agent
