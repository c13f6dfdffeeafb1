// Telesign's word on a message, the same in receipts and in answers to a question for its status.
#pragma once

#include <optional>

#include "messaging/fields.h"
#include "messaging/ports.h"

namespace kriya::messaging::telesign {

/// Reads SMS, SMS Verify, Voice, omnichannel and Verify API alike. Nullopt when it is no word on a message: no code and
/// no state, or neither Telesign's reference nor our id. Never fails on odd fields: an impossible date stays text.
std::optional<StatusReport> report_of(const Fields& notice);

}  // namespace kriya::messaging::telesign
