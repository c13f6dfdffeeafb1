// What providers write, made fit for a row: valid UTF-8, on one line, not long.
#pragma once

#include "messaging/ports.h"

namespace kriya::messaging {

SendOutcome tamed(SendOutcome outcome);
StatusReport tamed(StatusReport report);
InboundMessage tamed(InboundMessage message);  // its text, which is not stored, stays as it is

}  // namespace kriya::messaging
