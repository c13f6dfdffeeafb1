// A model that answers from a script, and remembers what it was asked.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "agent/chat_model.h"
#include "runtime/mailbox.h"

namespace kriya::tests {

class FakeChatModel final : public agent::ChatModel {
 public:
  using Events = std::vector<agent::ModelEvent>;

  /// The next answer: these events, or an error where it should begin.
  void answer(Events events) { script_.push_back({std::move(events), {}, false}); }
  void say(const std::string& text) { answer({agent::TextDelta{text}, agent::Finished{"stop"}}); }
  void call(std::vector<agent::ModelCall> calls) {
    Events events;
    for (auto& call : calls) events.emplace_back(std::move(call));
    events.emplace_back(agent::Finished{"tool_calls"});
    answer(std::move(events));
  }
  void fail(Errc code) { script_.push_back({{}, Error{code, "no model"}, false}); }
  /// These events, and then nothing until it is stopped.
  void hang(Events events) { script_.push_back({std::move(events), {}, true}); }

  Task<Result<std::unique_ptr<agent::ModelAnswer>>> ask(agent::Question question, Deadline deadline) override {
    const std::lock_guard lock(mutex_);
    questions.push_back(std::move(question));
    Scripted next{{agent::TextDelta{"And so on."}, agent::Finished{"stop"}}, {}, false};
    if (!script_.empty()) {
      next = repeat ? script_.front() : std::move(script_.front());
      if (!repeat) script_.pop_front();
    }
    if (next.failure && next.events.empty()) co_return kriya::fail(*next.failure);
    co_return std::make_unique<Answer>(std::move(next), deadline);
  }

  std::vector<agent::Question> questions;
  bool repeat = false;  // the first answer again and again

 private:
  struct Scripted {
    Events events;
    std::optional<Error> failure;
    bool hangs;
  };

  class Answer final : public agent::ModelAnswer {
   public:
    Answer(Scripted scripted, Deadline deadline) : scripted_(std::move(scripted)), deadline_(std::move(deadline)) {}

    Task<Result<agent::ModelEvent>> next() override {
      if (next_ < scripted_.events.size()) co_return scripted_.events[next_++];
      if (!scripted_.hangs) co_return kriya::fail(Errc::model_unavailable, "broke off");
      const auto box = std::make_shared<Mailbox<int>>(co_await asio::this_coro::executor);
      const std::stop_callback stopped(deadline_.stop(), [box] { box->close(); });
      co_await box->take(std::chrono::milliseconds(30'000));
      co_return kriya::fail(Errc::model_unavailable, "stopped");
    }

   private:
    Scripted scripted_;
    Deadline deadline_;
    std::size_t next_ = 0;
  };

  std::mutex mutex_;
  std::deque<Scripted> script_;
};

}  // namespace kriya::tests
