// What a request's Accept header says of a media type (RFC 9110, section 12.5.1).
#pragma once

#include <string_view>

#include "http/message.h"

namespace kriya::http {

struct Acceptance {
  bool taken = true;   // by the range that fits best; without the header everything is
  bool named = false;  // taken, and by its own name rather than by a range such as */*
};

/// `media_type` in lower case, e.g. "text/event-stream". Parameters other than q make no difference.
Acceptance acceptance_of(const Request& request, std::string_view media_type);

}  // namespace kriya::http
