// Messages as HTTP answers: what a client accepts, and in which form it gets it.
#pragma once

#include <string>
#include <string_view>

#include "http/message.h"
#include "mcp/era_rules.h"

namespace kriya::mcp {

/// What the Accept header takes; without one, everything.
struct Accepted {
  bool json = true;
  bool events = true;
};
Accepted accepted(const http::Request& request);

/// One message: as JSON where that is accepted, else as the one event of a stream.
http::Response answer_with_message(const Accepted& accepted, std::string message, int status = 200);

/// A refusal under the id of its request, if that could be read. Always JSON.
http::Response answer_with_refusal(const Refusal& refusal, const std::optional<RequestId>& id);

/// 202 without a body.
http::Response accepted_without_answer();

/// The head of a stream of events; `stream` writes them.
http::Response answer_with_events(std::function<Task<void>(http::BodyWriter&)> stream);

/// One event whose data is a message. `id` may be empty.
std::string event_text(std::string_view message, std::string_view id = {});

}  // namespace kriya::mcp
