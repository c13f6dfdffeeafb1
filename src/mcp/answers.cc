#include "mcp/answers.h"

#include "http/accept.h"
#include "http/sse.h"

namespace kriya::mcp {
namespace {

constexpr std::string_view kJson = "application/json";
constexpr std::string_view kEvents = "text/event-stream";

}  // namespace

Accepted accepted(const http::Request& request) {
  return {.json = http::acceptance_of(request, kJson).taken, .events = http::acceptance_of(request, kEvents).taken};
}

http::Response answer_with_message(const Accepted& accepted, std::string message, int status) {
  http::Response response{.status = status};
  if (accepted.json) {
    response.body = std::move(message);
  } else {
    response.content_type = kEvents;
    response.body = event_text(message);
  }
  response.add_header("Cache-Control", "no-store");
  return response;
}

http::Response answer_with_refusal(const Refusal& refusal, const std::optional<RequestId>& id) {
  return answer_with_message({}, write_error(id, refusal.error), refusal.status);
}

http::Response accepted_without_answer() { return {.status = 202, .content_type = {}}; }

http::Response answer_with_events(std::function<Task<void>(http::BodyWriter&)> stream) {
  http::Response response{.content_type = kEvents};
  response.add_header("Cache-Control", "no-store");
  response.add_header("X-Accel-Buffering", "no");  // nginx would hold the events back
  response.stream = std::move(stream);
  return response;
}

std::string event_text(std::string_view message, std::string_view id) { return http::sse_text("message", message, id); }

}  // namespace kriya::mcp
