#include "agent/chat_events.h"

namespace kriya::agent {

json::object to_json(const CallOutcome& outcome) {
  return {{"name", outcome.name},
          {"arguments", outcome.arguments},
          {"status", outcome.status()},
          {"result", outcome.result}};
}

json::object to_json(const Usage& usage) {
  return {{"prompt_tokens", usage.prompt}, {"completion_tokens", usage.completion}, {"total_tokens", usage.total()}};
}

void ChatEvents::put(std::string name, const json::object& data) {
  if (wanted_) mailbox_->put({std::move(name), write_json(data)});
}

void ChatEvents::text(std::string_view delta) { put("text", {{"delta", delta}}); }

void ChatEvents::call_started(const ModelCall& call) {
  put("tool_call", {{"id", call.id}, {"name", call.name}, {"arguments", call.arguments}});
}

void ChatEvents::progress(const std::string& call_id, double done, std::optional<double> total,
                          const std::string& message) {
  json::object data{{"id", call_id}, {"progress", done}, {"total", nullptr}, {"message", message}};
  if (total) data["total"] = *total;
  put("tool_progress", data);
}

void ChatEvents::call_ended(const CallOutcome& outcome) {
  put("tool_result", {{"id", outcome.id},
                      {"name", outcome.name},
                      {"status", outcome.status()},
                      {"result", outcome.result},
                      {"duration_ms", outcome.duration.count()}});
}

Task<Approver::Answer> PersonAsked::ask(ModelCall call, Deadline deadline) {
  if (turn_->is_always_allowed(call.name)) co_return Answer{.allowed = true};
  if (!can_see_) {
    co_return Answer{.allowed = false,
                     .words =
                         "The person has to approve this call, which needs a client that reads the answer as "
                         "events. It was not made. The person can also type it: /" +
                         call.name + " " + write_json(call.arguments),
                     .kind = "unanswered"};
  }
  const auto question = turn_->open_question(call.name);
  events_.put("approval", {{"id", question.id},
                           {"call_id", call.id},
                           {"name", call.name},
                           {"arguments", call.arguments},
                           {"expires_at", to_rfc3339(clock_.now() + within_)}});
  const auto decision = co_await question.box->take(within_);
  turn_->close_question(question.id);
  if (decision && *decision != Decision::deny) co_return Answer{.allowed = true};
  if (decision) {
    co_return Answer{.allowed = false, .words = "The person denied this call. It was not made; do not try it again."};
  }
  if (deadline.stop().stop_requested()) {
    co_return Answer{.allowed = false, .words = "The call was given up.", .kind = "cancelled"};
  }
  co_return Answer{.allowed = false,
                   .words = "The person did not approve this call within " + std::to_string(within_.count()) +
                            " seconds. It was not made.",
                   .kind = "unanswered"};
}

}  // namespace kriya::agent
