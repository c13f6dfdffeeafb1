#include "mcp/answers.h"

#include "base/text.h"
#include "http/sse.h"

namespace kriya::mcp {
namespace {

constexpr std::string_view kJson = "application/json";
constexpr std::string_view kEvents = "text/event-stream";

bool refuses(std::string_view parameters) {
  const std::size_t at = parameters.find("q=0");
  return at != std::string_view::npos && parameters.find_first_of("123456789", at + 3) == std::string_view::npos;
}

}  // namespace

Accepted accepted(const http::Request& request) {
  if (request.count("Accept") == 0) return {};
  Accepted result{false, false};
  const std::string header = request.joined_header("Accept");
  std::string_view rest = header;
  while (!rest.empty()) {
    const std::string_view item = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(item.size() + 1, rest.size()));
    const std::size_t semicolon = std::min(item.find(';'), item.size());
    const std::string type = to_lower(trim(item.substr(0, semicolon)));
    if (refuses(item.substr(semicolon))) continue;
    if (type == "*/*" || type == kJson || type == "application/*") result.json = true;
    if (type == "*/*" || type == kEvents || type == "text/*") result.events = true;
  }
  return result;
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
